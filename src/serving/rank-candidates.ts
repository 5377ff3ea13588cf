import type { RankRequest, RankResponse } from '../contracts/serving.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { Problem } from '../errors/define-error.ts';
import { ANSWER_NOT_FINITE, RANK_NOT_CONFIGURED } from '../errors/serving-errors.ts';
import { assembleFeatures } from './assemble-features.ts';
import type { Keys } from './assemble-features.ts';
import type { FeatureSource } from './cached-features.ts';
import type { FeaturePlan } from './feature-plan.ts';
import type { LoadedVersion } from './loaded-version.ts';
import type { SpoolItem } from './spool-record.ts';

export interface Ranking {
  readonly items: RankResponse['items'];
  /** The same rows as the prediction log keeps them. */
  readonly logged: readonly SpoolItem[];
  /** Candidates left out because the model gave no finite score for them. */
  readonly unscorable: number;
}

/**
 * The best k candidates by descending score; equal scores keep the order in which they were sent. Candidates
 * without a finite score are left out.
 * @throws PerennialError RANK_NOT_CONFIGURED, FEATURES_UNAVAILABLE, ANSWER_NOT_FINITE when no candidate has a score
 */
export async function rankCandidates(
  loaded: LoadedVersion,
  source: FeatureSource,
  request: RankRequest,
  now: number,
): Promise<Ranking> {
  const { predictor, servable } = loaded;
  const { candidates } = request;
  const { plan, matrix } = await featuresOfCandidates(loaded, source, request, now);
  const scores = await predictor.score(matrix, servable.output);
  const order = scores.flatMap((score, i) => (Number.isFinite(score) ? [i] : []));
  if (order.length === 0) {
    const text = `Version ${servable.version} of ${servable.model} gave no finite score for any of ${candidates.length} candidates.`;
    throw new PerennialError(ANSWER_NOT_FINITE, text);
  }
  order.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  const best = order.slice(0, request.k ?? plan.defaultK);
  const width = plan.features.length;
  const rows = best.map((index, i) => ({
    rank: i + 1,
    candidate: candidates[index] ?? {},
    score: scores[index] ?? 0,
    features: Array.from(matrix.subarray(index * width, (index + 1) * width), (value) =>
      Number.isNaN(value) ? null : value,
    ),
  }));
  return {
    items: rows.map(({ candidate, score, rank }) => ({ candidate, score, rank })),
    logged: rows,
    unscorable: candidates.length - order.length,
  };
}

/**
 * What the version takes for these candidates, a row for each.
 * @throws PerennialError RANK_NOT_CONFIGURED, FEATURES_UNAVAILABLE
 */
export async function featuresOfCandidates(
  { plan, servable }: LoadedVersion,
  source: FeatureSource,
  request: RankRequest,
  now: number,
): Promise<{ readonly plan: FeaturePlan; readonly matrix: Float32Array }> {
  if (plan instanceof PerennialError) throw plan;
  checkKeys(plan, request);
  const { entity, candidates } = request;
  return { plan, matrix: await assembleFeatures(plan, source, servable.model, entity, candidates, now) };
}

/** Keys are exact: a misspelt one would silently make its features missing. */
function checkKeys(plan: FeaturePlan, request: RankRequest): void {
  const problems = keyProblems('entity', request.entity, plan.entityKeys);
  request.candidates.forEach((candidate, i) => {
    if (problems.length < 5) problems.push(...keyProblems(`candidates[${i}]`, candidate, plan.candidateKeys));
  });
  if (problems.length === 0) return;
  const list = problems.map((problem) => `${problem.path ?? ''} ${problem.message}`).join('; ');
  throw new PerennialError(RANK_NOT_CONFIGURED, `The keys don't fit the model: ${list}`, { problems });
}

function keyProblems(path: string, sent: Keys, taken: readonly string[]): Problem[] {
  const names = Object.keys(sent);
  if (names.length === taken.length && taken.every((key) => key in sent)) return [];
  return [{ path, message: `has ${names.join(', ') || 'no keys'}; taken are exactly ${taken.join(', ')}` }];
}
