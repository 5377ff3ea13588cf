import { normalCdf, normalQuantile } from '../distributions/normal.ts';

interface Design {
  /** Two-sided unless `oneSided`. Default 0.05. */
  readonly alpha?: number;
  /** Chance of finding the effect. Default 0.8. */
  readonly power?: number;
  readonly oneSided?: boolean;
  /** Treatment trials per control trial. Default 1. */
  readonly ratio?: number;
}
export type SampleSizeInput = Design &
  (
    | { readonly kind: 'proportions'; readonly baseline: number; readonly difference: number }
    | {
        readonly kind: 'means';
        readonly standardDeviation: number;
        /** The control's counts this many times, where it is compared by a ratio. Default 1. */
        readonly controlScale?: number;
        readonly difference: number;
      }
  );

/**
 * Trials per arm for one fixed look. Proportions: Fleiss (1981) without continuity correction, pooled variance under
 * the null; means: normal approximation. Rounded up, at least 2; null when the effect is zero or impossible (a rate
 * outside [0, 1]), or so small that no count of trials is that large. A sequential test needs on the order of a third
 * more for the same power.
 */
export function requiredSampleSize(
  input: SampleSizeInput,
): { readonly control: number; readonly treatment: number } | null {
  const ratio = input.ratio ?? 1;
  const zAlpha = normalQuantile(1 - (input.alpha ?? 0.05) / (input.oneSided === true ? 1 : 2));
  const zPower = normalQuantile(input.power ?? 0.8);
  if (!(Math.abs(input.difference) > 0) || !(ratio > 0)) return null;
  let control: number;
  if (input.kind === 'means') {
    const needed = Math.max(0, zAlpha + zPower) * input.standardDeviation;
    control = ((input.controlScale ?? 1) ** 2 + 1 / ratio) * (needed / input.difference) ** 2;
  } else {
    const spread = proportionSpread(input.baseline, input.difference, ratio);
    if (spread === null) return null;
    const needed = Math.max(0, zAlpha * spread.underNull + zPower * spread.underEffect);
    control = (needed / input.difference) ** 2;
  }
  // 1e-9 forgives rounding that would add a trial to a size that comes out whole.
  const rounded = Math.max(2, Math.ceil(control - 1e-9));
  const treatment = Math.max(2, Math.ceil(rounded * ratio - 1e-9));
  return Number.isSafeInteger(rounded) && Number.isSafeInteger(treatment)
    ? { control: rounded, treatment }
    : null;
}

/** Chance that a fixed-look test of this size finds the difference (the far tail is left out); null as above. */
export function powerOfTest(input: SampleSizeInput & { readonly controlTrials: number }): number | null {
  const ratio = input.ratio ?? 1;
  const zAlpha = normalQuantile(1 - (input.alpha ?? 0.05) / (input.oneSided === true ? 1 : 2));
  const effect = Math.abs(input.difference) * Math.sqrt(input.controlTrials);
  if (!(effect > 0)) return null;
  if (input.kind === 'means') {
    const spread = input.standardDeviation * Math.sqrt((input.controlScale ?? 1) ** 2 + 1 / ratio);
    return normalCdf(effect / spread - zAlpha);
  }
  const spread = proportionSpread(input.baseline, input.difference, ratio);
  return spread === null ? null : normalCdf((effect - zAlpha * spread.underNull) / spread.underEffect);
}

function proportionSpread(
  p: number,
  difference: number,
  ratio: number,
): { underNull: number; underEffect: number } | null {
  const q = p + difference;
  if (!(p >= 0 && p <= 1 && q >= 0 && q <= 1)) return null;
  const pooled = (p + ratio * q) / (1 + ratio);
  return {
    underNull: Math.sqrt((1 + 1 / ratio) * pooled * (1 - pooled)),
    underEffect: Math.sqrt(p * (1 - p) + (q * (1 - q)) / ratio),
  };
}
