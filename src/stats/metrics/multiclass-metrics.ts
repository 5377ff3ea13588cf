import type { ClassRates, MulticlassRates } from './multiclass-rates.ts';
import { multiclassRates } from './multiclass-rates.ts';
import { curveAreas } from './ranked-curves.ts';
import { quotient, requireSameRows, weightAt } from './usable-rows.ts';

const LOG_LOSS_CLIP = Number.EPSILON;

export interface ClassMetrics extends ClassRates {
  /** This class against all others. */
  readonly auc: number | null;
}

export interface MulticlassMetrics extends MulticlassRates {
  readonly count: number;
  readonly dropped: number;
  /** Mean −ln of the probability given to what happened, nats; null where one lies outside [0, 1]. */
  readonly logLoss: number | null;
  /** [truth][prediction], weighted. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly ClassMetrics[];
  readonly aucOneVsRestMacro: number | null;
  readonly aucOneVsRestWeighted: number | null;
  /** Hand & Till (2001): mean over pairs of classes of both directions. */
  readonly aucOneVsOneMacro: number | null;
}

/**
 * Metrics of class probabilities: `probabilities[row][class]`, labels are class indices. The prediction is the
 * first class of highest probability. Rows with an unknown label or a probability that is not finite are dropped.
 */
export function multiclassMetrics(
  labels: ArrayLike<number | null | undefined>,
  probabilities: ArrayLike<ArrayLike<number>>,
  options: { readonly weights?: ArrayLike<number> } = {},
): MulticlassMetrics {
  requireSameRows({ labels, probabilities, weights: options.weights });
  const classes = probabilities.length > 0 ? probabilities[0]!.length : 0;
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const kept: { label: number; p: ArrayLike<number>; w: number }[] = [];
  let logLoss = 0;
  let total = 0;
  let areProbabilities = true;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    const p = probabilities[i]!;
    const w = weightAt(options.weights, i);
    if (typeof label !== 'number' || !Number.isInteger(label) || label < 0 || label >= classes || w === null)
      continue;
    if (p.length !== classes || !Array.from(p).every(Number.isFinite)) continue;
    kept.push({ label, p, w });
    if (Array.from(p).some((one) => one < 0 || one > 1)) areProbabilities = false;
    const row = confusion[label]!;
    const predicted = firstLargest(p);
    row[predicted] = row[predicted]! + w;
    logLoss -= w * Math.log(Math.min(1 - LOG_LOSS_CLIP, Math.max(LOG_LOSS_CLIP, p[label]!)));
    total += w;
  }
  const rates = multiclassRates(confusion);
  const perClass = rates.perClass.map((one, c): ClassMetrics => ({
    ...one,
    auc: pairAuc(
      kept,
      (l) => l === c,
      (l) => l !== c,
      c,
    ),
  }));
  return {
    ...rates,
    count: kept.length,
    dropped: labels.length - kept.length,
    logLoss: areProbabilities ? quotient(logLoss, total) : null,
    confusion,
    perClass,
    aucOneVsRestMacro: weightedMean(perClass.map((c) => [c.auc, 1])),
    aucOneVsRestWeighted: weightedMean(perClass.map((c) => [c.auc, c.support])),
    aucOneVsOneMacro: oneVsOne(kept, classes),
  };
}

type Row = { readonly label: number; readonly p: ArrayLike<number>; readonly w: number };

function firstLargest(p: ArrayLike<number>): number {
  let best = 0;
  for (let c = 1; c < p.length; c++) if (p[c]! > p[best]!) best = c;
  return best;
}

function pairAuc(
  rows: readonly Row[],
  isPositive: (label: number) => boolean,
  isNegative: (label: number) => boolean,
  scoredBy: number,
): number | null {
  const used = rows.filter((r) => isPositive(r.label) || isNegative(r.label));
  return curveAreas(
    used.map((r) => Number(isPositive(r.label))),
    used.map((r) => r.p[scoredBy]!),
    used.map((r) => r.w),
  ).auc;
}

function oneVsOne(rows: readonly Row[], classes: number): number | null {
  const pairs: [number | null, number][] = [];
  for (let a = 0; a < classes; a++) {
    for (let b = a + 1; b < classes; b++) {
      const forward = pairAuc(
        rows,
        (l) => l === a,
        (l) => l === b,
        a,
      );
      const backward = pairAuc(
        rows,
        (l) => l === b,
        (l) => l === a,
        b,
      );
      pairs.push([forward === null || backward === null ? null : (forward + backward) / 2, 1]);
    }
  }
  return weightedMean(pairs);
}

/** Null as soon as one part is: an average over fewer classes would not be comparable. */
function weightedMean(parts: readonly (readonly [number | null, number])[]): number | null {
  let sum = 0;
  let weight = 0;
  for (const [value, w] of parts) {
    if (value === null) return null;
    sum += w * value;
    weight += w;
  }
  return quotient(sum, weight);
}
