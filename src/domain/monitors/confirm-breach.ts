import type { Finding } from '../finding.ts';

type Status = Finding['status'];

/**
 * Whether a breach is worth acting on: the newest window breaches, and so do k of the last n windows that could be
 * judged, the newest among them. Windows without enough data, or in error, say nothing either way.
 * @param earlier Statuses of earlier windows of the same monitor and version, newest first.
 */
export function confirmBreach(
  newest: Status,
  earlier: readonly Status[],
  rule: { readonly k: number; readonly n: number },
): boolean {
  if (newest !== 'breach') return false;
  const windows = [newest, ...earlier]
    .filter((status) => status === 'ok' || status === 'breach')
    .slice(0, rule.n);
  return windows.filter((status) => status === 'breach').length >= rule.k;
}
