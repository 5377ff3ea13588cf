import { InvalidArgumentError } from 'commander';

/** An option that is a number from `least` to `most`, whole if `whole`. */
export function numberOption(limits: {
  readonly least?: number;
  readonly most?: number;
  readonly whole?: boolean;
}): (value: string) => number {
  const { least = Number.NEGATIVE_INFINITY, whole = false } = limits;
  const most = limits.most ?? (whole ? Number.MAX_SAFE_INTEGER : Number.POSITIVE_INFINITY);
  return (text) => {
    const value = Number(text);
    const fits = text.trim() !== '' && Number.isFinite(value) && value >= least && value <= most;
    if (fits && (!whole || Number.isInteger(value))) return value;
    const kind = whole ? 'a whole number' : 'a number';
    const from = Number.isFinite(least) ? ` from ${String(least)}` : '';
    const to = limits.most !== undefined || value > most ? ` to ${String(most)}` : '';
    throw new InvalidArgumentError(`It is ${kind}${from}${to}.`);
  };
}

/** For options that may be given several times. */
export function gather(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
