/** Throws when columns that describe the same rows differ in length: a bug of the caller, not of the data. */
export function requireSameRows(
  columns: Readonly<Record<string, { readonly length: number } | undefined>>,
): void {
  const lengths = Object.entries(columns).flatMap(([name, c]) =>
    c === undefined ? [] : [[name, c.length] as const],
  );
  if (new Set(lengths.map(([, length]) => length)).size > 1) {
    throw new RangeError(
      `Columns of the same rows must be equally long; got ${lengths.map(([n, l]) => `${n}: ${l}`).join(', ')}.`,
    );
  }
}

/** A weight counts when it is finite and not negative; without weights every row weighs 1. */
export function weightAt(weights: ArrayLike<number> | undefined, i: number): number | null {
  if (weights === undefined) return 1;
  const w = weights[i]!;
  return Number.isFinite(w) && w >= 0 ? w : null;
}

/** top / bottom, or null where the quotient is not defined. */
export function quotient(top: number, bottom: number): number | null {
  return bottom === 0 ? null : top / bottom;
}
