import { getExternalWorkflowHandle, setHandler } from '@temporalio/workflow';
import { lifecycleId } from '../src/contracts/workflows/ids.ts';
import { probeSignal, revalidationFinishedSignal } from '../src/contracts/workflows/lifecycle.ts';
import type { RevalidationOutcome } from '../src/contracts/workflows/lifecycle.ts';
import type { RevalidateVersionInput } from '../src/contracts/workflows/revalidation.ts';
import { REVALIDATION_FAILED } from '../src/errors/lifecycle-errors.ts';
import { adoptEvaluation, evaluateVersion, loadCandidate } from './activity-proxies.ts';
import { describeFailure } from './failures.ts';
import { createStatus } from './status.ts';

/** Evaluates a candidate anew and makes that its evidence. The lifecycle is told how it ended, and acts on it. */
export async function revalidateVersion(input: RevalidateVersionInput): Promise<RevalidationOutcome> {
  const { model, environment, version, specRevision, id, actor, reason } = input;
  const show = createStatus(input);
  const ref = { model, environment, version };
  setHandler(probeSignal, () => undefined);
  show('evaluating', `Version ${String(version)} of ${model} is evaluated again: ${reason}`);
  let outcome: RevalidationOutcome;
  try {
    const { trigger } = await loadCandidate(ref);
    const { evaluationId } = await evaluateVersion({ ...ref, specRevision, again: id });
    await adoptEvaluation({ ...ref, evaluationId, actor, reason });
    outcome = { kind: 'evaluated', id, version, trigger };
  } catch (error) {
    const failure = describeFailure(error, REVALIDATION_FAILED);
    outcome = { kind: 'failed', id, version, reason: `${failure.code}: ${failure.reason}` };
  }
  show(outcome.kind, outcome.kind === 'failed' ? outcome.reason : 'The evaluation is new.');
  await getExternalWorkflowHandle(lifecycleId(input)).signal(revalidationFinishedSignal, outcome);
  return outcome;
}
