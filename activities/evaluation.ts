import type { DataActivities } from '../src/contracts/activities/data.ts';
import { assessVersion } from '../src/evaluation/assess-version.ts';
import { evaluateVersion } from '../src/evaluation/evaluate-version.ts';
import type { EvaluationParts } from '../src/evaluation/evaluate-version.ts';
import { heartbeating } from '../src/platform/activity-context.ts';

/** The part of task queue `data` that judges versions. */
export function createEvaluationActivities(
  parts: EvaluationParts,
): Pick<DataActivities, 'evaluateVersion' | 'assessGates'> {
  return {
    async evaluateVersion(input) {
      const report = await heartbeating(({ signal }) => evaluateVersion(parts, input, signal));
      return { evaluationId: report.evaluationId, metrics: report.metrics.overall };
    },
    assessGates: (input) => heartbeating(({ signal }) => assessVersion(parts, input, signal)),
  };
}
