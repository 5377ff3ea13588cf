export type WindowVerdict = 'drifted' | 'stable' | 'insufficient_data';

export type PersistentDrift =
  | { readonly kind: 'drifted'; readonly reason: string }
  | { readonly kind: 'stable'; readonly reason: string }
  | { readonly kind: 'insufficient_data'; readonly reason: string };

/**
 * "k of the last n windows and the newest": one odd window is no drift, and drift that ended is none either.
 * `windows` oldest first; windows without enough data are passed over, except that the newest must have some.
 */
export function persistentDrift(
  windows: readonly WindowVerdict[],
  policy: { readonly k: number; readonly n: number } = { k: 2, n: 5 },
): PersistentDrift {
  if (!(policy.k >= 1 && policy.n >= policy.k)) {
    throw new RangeError(`1 ≤ k ≤ n is needed; got k = ${policy.k}, n = ${policy.n}.`);
  }
  const newest = windows[windows.length - 1];
  if (newest === undefined || newest === 'insufficient_data') {
    return { kind: 'insufficient_data', reason: 'the newest window has too little data' };
  }
  const judged = windows.filter((w) => w !== 'insufficient_data').slice(-policy.n);
  const drifted = judged.filter((w) => w === 'drifted').length;
  const reason = `${drifted} of the last ${judged.length} judged windows drifted, the newest is ${newest}; ${policy.k} of ${policy.n} and the newest are needed`;
  return { kind: newest === 'drifted' && drifted >= policy.k ? 'drifted' : 'stable', reason };
}
