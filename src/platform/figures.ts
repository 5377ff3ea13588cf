const GROUPED = new Intl.NumberFormat('en-GB');

/** `12,000`: how many of something. */
export function count(value: number): string {
  return GROUPED.format(value);
}

/** `9,000 rows`, `1 row`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Three significant digits, for a sentence; – for what is not defined. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  const rounded = Number(value.toPrecision(3));
  const size = Math.abs(rounded);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return rounded.toExponential();
  return size >= 1000 ? count(rounded) : String(rounded);
}

/** About four significant digits, so that the figures of a column stand below each other; – for what is not defined. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  const size = Math.abs(value);
  if (size >= 1e9) return value.toExponential(3);
  if (Number.isInteger(value)) return count(value);
  if (size < 1e-4) return value.toExponential(2);
  if (size < 1e-3) return value.toPrecision(3);
  const decimals = size < 1 ? 4 : size < 10 ? 3 : size < 100 ? 2 : size < 10_000 ? 1 : 0;
  return value.toLocaleString('en-GB', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** `3.33 %`; a share that is not zero is never shown as zero, and one that is not whole never as whole. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return '–';
  const size = Math.abs(share) * 100;
  const rounded = Number((share * 100).toFixed(size < 10 ? 2 : 1));
  if (share > 0 && rounded === 0) return '< 0.01 %';
  if (share < 1 && rounded === 100) return '> 99.9 %';
  return `${String(rounded)} %`;
}

/** `p 0.031`, `p < 0.001`. */
export function probability(p: number | null | undefined): string {
  if (p === null || p === undefined) return 'p –';
  return p < 0.001 ? 'p < 0.001' : `p ${String(Number(p.toPrecision(2)))}`;
}
