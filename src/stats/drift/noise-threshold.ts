import { seededRandom } from '../distributions/seeded-random.ts';
import type { DriftMethod, ResolvedDriftPolicy } from './drift-policy.ts';
import { IS_DIVERGENCE } from './drift-policy.ts';
import type { MeasurableCells } from './measure-cells.ts';
import { measureCells } from './measure-cells.ts';
import { createRelabelling } from './permute-cells.ts';

const FIRST_ROUND = 199;
/** Relabelled values this close to the observed one are ties; they count against an alarm. */
const TIE = 1 - 1e-12;
/** Standard deviations of the null between the alarm line and what is found four times in five. */
const POWER_MARGIN = 1.4;

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
 */
export function judgeAgainstNoise(
  cells: MeasurableCells,
  methods: readonly DriftMethod[],
  policy: ResolvedDriftPolicy,
): MethodEvidence[] {
  const alpha = policy.alpha / methods.length;
  const observed = measureCells(cells, methods);
  const drawn: number[][] = methods.map(() => []);
  const pooled = cells.reference.map((count, i) => count + cells.current[i]!);
  const relabel = createRelabelling(pooled, cells.referenceCount, seededRandom(policy.seed));
  const scratch = {
    ...cells,
    reference: new Float64Array(pooled.length),
    current: new Float64Array(pooled.length),
  };
  const allowed = Math.max(1, Math.floor(alpha * (policy.permutations + 1)));
  const exceeding = methods.map(() => 0);
  const undecided = (i: number): boolean =>
    exceeding[i]! < allowed && observed[i]! > policy.thresholds[methods[i]!];
  for (let round = 0; round < policy.permutations; round++) {
    if (round >= FIRST_ROUND && round % 50 === 0 && !methods.some((_, i) => undecided(i))) break;
    relabel(scratch.reference, scratch.current);
    measureCells(scratch, methods).forEach((value, i) => {
      drawn[i]!.push(value);
      if (value >= observed[i]! * TIE) exceeding[i] = exceeding[i]! + 1;
    });
  }
  return methods.map((method, i) =>
    evidence(method, observed[i]!, policy.thresholds[method], drawn[i]!, exceeding[i]!, alpha),
  );
}

function evidence(
  method: DriftMethod,
  value: number,
  baseThreshold: number,
  drawn: readonly number[],
  exceeding: number,
  alpha: number,
): MethodEvidence {
  const largestFirst = [...drawn].sort((a, b) => b - a);
  const k = Math.max(1, Math.floor(alpha * (drawn.length + 1)));
  const threshold = Math.max(baseThreshold, largestFirst[k - 1]!);
  const noise = mean(drawn);
  const spread = Math.sqrt(Math.max(0, mean(drawn.map((v) => v * v)) - noise ** 2));
  const reach = threshold + POWER_MARGIN * spread;
  const squares = mean(drawn.map((v) => v * v));
  return {
    method,
    value,
    threshold,
    baseThreshold,
    noise,
    pValue: (1 + exceeding) / (1 + drawn.length),
    smallestDetectable: IS_DIVERGENCE[method] ? reach - noise : Math.sqrt(Math.max(0, reach ** 2 - squares)),
    drifted: value > threshold && exceeding < k,
  };
}

function mean(values: readonly number[]): number {
  if (values.length === 0) return 0;
  let sum = 0;
  for (const v of values) sum += v;
  return sum / values.length;
}
