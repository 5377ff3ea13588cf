import { mannWhitneyU } from '../canary/mann-whitney-u.ts';
import { seededRandom } from '../distributions/seeded-random.ts';
import { shuffled } from '../importance/permutation-importance.ts';
import { trainBoostedTrees } from './boosted-trees.ts';

export type DomainDrift =
  | {
      readonly kind: 'drifted' | 'stable';
      readonly auc: number;
      readonly pValue: number;
      readonly reason: string;
    }
  | {
      readonly kind: 'insufficient_data';
      readonly auc: null;
      readonly pValue: null;
      readonly reason: string;
    };

export interface DomainClassifierOptions {
  /** Smallest AUC worth an alarm. Default 0.55 (Evidently's). */
  readonly threshold?: number;
  readonly alpha?: number;
  /** Rows per side at least, two or more. Default 60, half of which train. */
  readonly minSamples?: number;
  /** Rows per side at most; more are thinned at random. Default 20,000. */
  readonly maxRows?: number;
  readonly seed?: number;
}

/**
 * Multivariate drift: can a classifier tell current rows from reference rows? Boosted trees of depth 2 learn on a
 * random half of each side, so that changed correlations show too, and are judged by their AUC on the other half: 0.5
 * when nothing changed. The held-out scores are exchangeable without drift, so the Mann-Whitney test (against "not
 * larger") is valid at every size. Rows are arrays of numbers; encode categories before; NaN and null are a value of
 * their own, below all numbers.
 */
export function domainClassifierDrift(
  reference: readonly (readonly (number | null)[])[],
  current: readonly (readonly (number | null)[])[],
  options: DomainClassifierOptions = {},
): DomainDrift {
  const minimum = Math.max(2, options.minSamples ?? 60);
  const fewest = Math.min(reference.length, current.length);
  if (fewest < minimum) {
    const reason = `too few rows to judge: ${fewest} on the smaller side, at least ${minimum} are needed`;
    return { kind: 'insufficient_data', auc: null, pValue: null, reason };
  }
  const random = seededRandom(options.seed ?? 1);
  const halve = <T>(rows: readonly T[]): [T[], T[]] => {
    const order = shuffled(rows.length, random.below).slice(0, options.maxRows ?? 20_000);
    const picked = order.map((i) => rows[i]!);
    const half = Math.floor(picked.length / 2);
    return [picked.slice(0, half), picked.slice(half)];
  };
  const [referenceTrain, referenceTest] = halve(reference);
  const [currentTrain, currentTest] = halve(current);
  const score = trainBoostedTrees(
    [...referenceTrain, ...currentTrain],
    [...referenceTrain.map(() => 0 as const), ...currentTrain.map(() => 1 as const)],
  );
  const test = mannWhitneyU(referenceTest.map(score), currentTest.map(score))!;
  const { probabilityBLarger: auc, pGreater: pValue } = test;
  const threshold = options.threshold ?? 0.55;
  const drifted = auc > threshold && pValue <= (options.alpha ?? 0.005);
  const p = pValue < 0.001 ? 'p < 0.001' : `p ${Number(pValue.toPrecision(3))}`;
  const shown = `a classifier tells them apart with AUC ${auc.toFixed(3)} on rows it has not seen (0.5 is chance, the line is ${threshold}), ${p}`;
  return { kind: drifted ? 'drifted' : 'stable', auc, pValue, reason: shown };
}
