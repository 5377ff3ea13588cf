/**
 * Holm's step-down adjustment (1979): adjusted p-values in the order given; rejecting those ≤ α keeps the chance of
 * any false rejection ≤ α under every dependence. A p that is NaN counts as 1.
 */
export function holm(pValues: readonly number[]): number[] {
  const p = pValues.map((v) => (Number.isNaN(v) ? 1 : Math.min(1, Math.max(0, v))));
  const order = p.map((_, i) => i).sort((a, b) => p[a]! - p[b]! || a - b);
  const adjusted = new Array<number>(p.length).fill(1);
  let running = 0;
  order.forEach((index, rank) => {
    running = Math.max(running, Math.min(1, (p.length - rank) * p[index]!));
    adjusted[index] = running;
  });
  return adjusted;
}
