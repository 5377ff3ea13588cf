/** A monotone numbering of a column's values into intervals, fine where a sample says that many values lie. */
export interface NumberGrid {
  /** About the middle of the values: sums are counted from here. */
  readonly origin: number;
  /** SQL of the number of a value's interval; the same for equal values, never smaller for a larger one. */
  sql(value: string): string;
}

const QUANTILES = [0.005, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 0.995];
/** A sample is even enough for equal steps when no 32nd part of its middle holds over an eighth of it. */
const PARTS = 32;
const EVEN_SHARE = 0.125;
/** Equal steps cost least; the tails have a share of the steps of their own. */
const TAIL_SHARE = 1 / 16;

/** @param sample finite values, ascending, at least one; `min` and `max` are those of all values */
export function numberGrid(sample: Float64Array, min: number, max: number, intervals: number): NumberGrid {
  const at = (q: number): number => sample[Math.min(sample.length - 1, Math.floor(q * sample.length))]!;
  const core = isEven(sample, at(QUANTILES[0]!), at(QUANTILES.at(-1)!))
    ? [at(QUANTILES[0]!), at(QUANTILES.at(-1)!)]
    : QUANTILES.map(at);
  const edges = [...new Set([min, ...core, max])].sort((a, b) => a - b);
  const tail = Math.max(1, Math.floor(intervals * TAIL_SHARE));
  const inner = Math.max(1, Math.floor((intervals - 2 * tail) / Math.max(1, edges.length - 3)));
  let offset = 0;
  const segments = edges.slice(1).map((to, i) => {
    const from = edges[i]!;
    const steps = i === 0 || i === edges.length - 2 ? tail : inner;
    const segment = { from, to, offset, scale: steps / (to - from) };
    // A value at the upper end may be rounded up into the next segment's first interval.
    offset += steps + 1;
    return segment;
  });
  return {
    origin: at(0.5),
    sql: (value) => {
      const number = ({ from, offset: first, scale }: (typeof segments)[number]): string =>
        Number.isFinite(scale)
          ? `${String(first)} + ((${value} - ${literal(from)}) * ${literal(scale)})::INTEGER`
          : String(first);
      const last = segments.at(-1);
      if (!last) return '0';
      const cases = segments
        .slice(0, -1)
        .map((segment) => `WHEN ${value} < ${literal(segment.to)} THEN ${number(segment)}`);
      return cases.length === 0 ? number(last) : `CASE ${cases.join(' ')} ELSE ${number(last)} END`;
    },
  };
}

function isEven(sample: Float64Array, low: number, high: number): boolean {
  if (!(high > low)) return false;
  const counts = new Uint32Array(PARTS);
  let inside = 0;
  for (const value of sample) {
    if (value < low || value > high) continue;
    inside++;
    const part = Math.min(PARTS - 1, Math.floor(((value - low) / (high - low)) * PARTS));
    counts[part] = counts[part]! + 1;
  }
  return Math.max(...counts) <= EVEN_SHARE * inside;
}

/** SQL of a double, every digit of it. */
function literal(x: number): string {
  return `'${String(x)}'::DOUBLE`;
}
