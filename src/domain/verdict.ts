/** What a gate, an analysis or a monitor says, always with its reason. Only `pass` and `overridden` advance. */
export type Verdict =
  | { readonly kind: 'pass'; readonly reason: string }
  | { readonly kind: 'fail'; readonly reason: string }
  | { readonly kind: 'error'; readonly reason: string }
  | { readonly kind: 'insufficient_data'; readonly reason: string }
  | { readonly kind: 'skipped'; readonly reason: string; readonly by: string }
  | { readonly kind: 'overridden'; readonly reason: string; readonly by: string };

export type VerdictKind = Verdict['kind'];

export function advances(verdict: Verdict): boolean {
  return verdict.kind === 'pass' || verdict.kind === 'overridden';
}
