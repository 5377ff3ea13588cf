import { seededRandom } from '../distributions/seeded-random.ts';
import type { DriftMethod, ResolvedDriftPolicy } from './drift-policy.ts';
import { IS_DIVERGENCE } from './drift-policy.ts';
import type { MeasurableCells } from './measure-cells.ts';
import { measureCells } from './measure-cells.ts';
import { describeLocationNull, describeNull } from './noise-distribution.ts';
import { createRelabelling } from './permute-cells.ts';
import { createBagRelabelling } from './relabel-bags.ts';
import type { BaggedRows } from './row-bags.ts';

/** Relabellings that always happen; more only while an alarm is possible. */
const FIRST_ROUND = 99;
const CHECK_EVERY = 25;
/** Relabelled values this close to the observed one are ties; they count against an alarm. */
const TIE = 1 - 1e-9;

export interface MethodEvidence {
  readonly method: DriftMethod;
  /** The measure on the test's cells. */
  readonly value: number;
  /** `value` must exceed this for an alarm; at least `baseThreshold`, more where these sizes are noisy. */
  readonly threshold: number;
  /** The smallest effect worth an alarm at any size. */
  readonly baseThreshold: number;
  /** What the measure is on average when nothing drifted. */
  readonly noise: number;
  /** Share of relabellings at least as far apart; (1 + exceeding) / (1 + drawn). */
  readonly pValue: number;
  /** The smallest true effect, in the measure's unit, that is found about four times in five at these sizes. */
  readonly smallestDetectable: number;
  readonly drifted: boolean;
}

/**
 * Compares each method with what random relabelling of the pooled rows gives (a permutation test), because the
 * measures' noise depends on sizes, ties and cardinality in ways no formula covers at n = 30, while relabelling is
 * exact whenever the rows of both sides are exchangeable: with k = ⌊α'(R + 1)⌋ the value must exceed the k-th
 * largest of R relabelled values (Phipson & Smyth 2010), which happens without drift with probability ≤ α'; α' is
 * α divided by the number of methods (Bonferroni). Significance alone is not drift: the value must also exceed the
 * base threshold, so that a million rows do not turn a trifle into an alarm.
 *
 * Of `bags` whole ones are relabelled, because bags are exchangeable where their rows are not.
 */
export function judgeAgainstNoise(
  cells: MeasurableCells,
  methods: readonly DriftMethod[],
  policy: ResolvedDriftPolicy,
  bags: BaggedRows | null,
): MethodEvidence[] {
  const alpha = policy.alpha / methods.length;
  const observed = measureCells(cells, methods);
  const drawn: number[][] = methods.map(() => []);
  const pooled = cells.reference.map((count, i) => count + cells.current[i]!);
  const random = seededRandom(policy.seed);
  const relabel = bags
    ? createBagRelabelling(bags.rows, pooled, random)
    : createRelabelling(pooled, cells.referenceCount, random);
  const total = cells.referenceCount + cells.currentCount;
  const reference = new Float64Array(pooled.length);
  const current = new Float64Array(pooled.length);
  const rows = bags?.effective ?? { reference: cells.referenceCount, current: cells.currentCount };
  const allowed = Math.max(1, Math.floor(alpha * (policy.permutations + 1)));
  const level = allowed / (policy.permutations + 1);
  const exceeding = methods.map(() => 0);
  const undecided = (i: number): boolean =>
    exceeding[i]! < allowed && observed[i]! > policy.thresholds[methods[i]!];
  for (let round = 0; round < policy.permutations; round++) {
    if (
      round >= FIRST_ROUND &&
      (round - FIRST_ROUND) % CHECK_EVERY === 0 &&
      !methods.some((_, i) => undecided(i))
    )
      break;
    const referenceCount = relabel(reference, current);
    const values = measureCells(
      { ...cells, reference, current, referenceCount, currentCount: total - referenceCount },
      methods,
    );
    for (let i = 0; i < methods.length; i++) {
      drawn[i]!.push(values[i]!);
      if (values[i]! >= observed[i]! * TIE) exceeding[i] = exceeding[i]! + 1;
    }
  }
  return methods.map((method, i): MethodEvidence => {
    const value = observed[i]!;
    const baseThreshold = policy.thresholds[method];
    const noise =
      method === 'wasserstein_normed'
        ? describeLocationNull(drawn[i]!, rows.reference, rows.current)
        : describeNull(drawn[i]!, IS_DIVERGENCE[method]);
    const drifted =
      value > baseThreshold && exceeding[i]! < allowed && drawn[i]!.length >= policy.permutations;
    const reached = exceeding[i]! >= allowed || drifted ? nthLargest(drawn[i]!, allowed) : 0;
    const line = drifted ? reached : Math.max(reached, noise.quantile(1 - level));
    const threshold = Math.max(baseThreshold, line);
    return {
      method,
      value,
      threshold,
      baseThreshold,
      noise: noise.mean,
      pValue: (1 + exceeding[i]!) / (1 + drawn[i]!.length),
      smallestDetectable: noise.detectable(Math.max(baseThreshold, noise.quantile(1 - level))),
      drifted,
    };
  });
}

function nthLargest(values: readonly number[], n: number): number {
  return [...values].sort((a, b) => b - a)[n - 1]!;
}
