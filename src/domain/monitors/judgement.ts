import type { Finding } from '../finding.ts';

/** What one monitor says of one window, before the `k of n and the newest` rule. */
export interface Judgement {
  readonly status: Finding['status'];
  readonly value: number | null;
  readonly threshold: number | null;
  /** One sentence for a person: what was measured, against what. */
  readonly reason: string;
}

export function insufficient(reason: string, threshold: number | null = null): Judgement {
  return { status: 'insufficient_data', value: null, threshold, reason };
}

export function judged(breach: boolean, value: number, threshold: number, reason: string): Judgement {
  return { status: breach ? 'breach' : 'ok', value, threshold, reason };
}

/** `12.3 %`. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

/** `36 h`, `5 min`: the largest unit that leaves at least two of it. */
export function span(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const;
  for (const [name, size] of units)
    if (ms >= 2 * size) return `${Number((ms / size).toPrecision(3))} ${name}`;
  return `${Math.round(ms)} ms`;
}
