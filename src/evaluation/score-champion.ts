import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { Evaluation } from '../contracts/spec/training.ts';
import { withDuckDb } from '../data/duckdb.ts';
import { openFrame } from '../data/frame.ts';
import type { ChampionMetrics } from '../domain/gates/judged-metrics.ts';
import { ARTIFACT_NOT_FOUND } from '../errors/data-errors.ts';
import { isPerennialError } from '../errors/define-error.ts';
import { EVALUATION_INPUT_INVALID } from '../errors/evaluation-errors.ts';
import { MODEL_UNLOADABLE, SIGNATURE_MISMATCH } from '../errors/serving-errors.ts';
import type { EvaluationParts } from './evaluate-version.ts';
import { scoreHoldout } from './score-holdout.ts';
import { judgeRows } from './task-metrics.ts';
import { withPredictor } from './trained-model.ts';
import type { TrainedModel } from './trained-model.ts';

/** What makes a champion unfit to be scored on this holdout, rather than keeps it from being scored now. */
const UNSCORABLE: readonly string[] = [
  EVALUATION_INPUT_INVALID.code,
  MODEL_UNLOADABLE.code,
  SIGNATURE_MISMATCH.code,
  ARTIFACT_NOT_FOUND.code,
];

/** Scores another version's model on a holdout: the same rows, columns and metrics as the candidate's. */
export async function scoreChampion(
  parts: EvaluationParts,
  input: {
    readonly ref: ModelRef;
    readonly champion: TrainedModel;
    /** Digest of the candidate's frame. */
    readonly frame: string;
    readonly evaluation: Evaluation;
  },
  signal: AbortSignal,
): Promise<ChampionMetrics> {
  const { champion, evaluation } = input;
  const frame = await openFrame(parts.store, input.frame);
  const missing = champion.features.filter((name) => !frame.manifest.features.includes(name));
  if (missing.length > 0)
    return {
      kind: 'unscorable',
      reason: `it takes ${missing.join(', ')}, which this frame does not have; keep these features for one more version`,
    };
  try {
    return await withPredictor(parts.store, champion, (predictor) =>
      withDuckDb({ ...parts.duckdb, signal }, async (session) => {
        const path = await frame.holdoutPath();
        const { rows } = await scoreHoldout(
          session,
          path,
          frame.manifest,
          champion.features,
          predictor,
          evaluation,
        );
        return { kind: 'scored', metrics: judgeRows(rows, evaluation) };
      }),
    );
  } catch (error) {
    if (isPerennialError(error) && UNSCORABLE.includes(error.code))
      return { kind: 'unscorable', reason: error.message };
    throw error;
  }
}
