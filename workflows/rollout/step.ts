import { CancellationScope, condition, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { Rollout } from '../../src/contracts/spec/operation.ts';
import type { ByActor } from '../../src/contracts/workflows/lifecycle.ts';
import type { RollOutInput } from '../../src/contracts/workflows/rollout.ts';
import { systemActor } from '../../src/domain/actor.ts';
import { assertNever } from '../../src/errors/assert-never.ts';
import { assessLook } from '../../src/domain/rollout/assess-look.ts';
import { nextStep } from '../../src/domain/rollout/next-step.ts';
import type { RolloutStep } from '../../src/domain/rollout/plan.ts';
import { isFinalLook, NO_PROOF, proofLook } from '../../src/domain/rollout/proof.ts';
import { pauseRollout, recordLook } from '../../src/domain/rollout/transitions.ts';
import type { Proof, RolloutLook, RolloutState } from '../../src/domain/rollout/state.ts';
import { ROLLOUT_FAILED } from '../../src/errors/lifecycle-errors.ts';
import { measureRollout } from '../activity-proxies.ts';
import { describeFailure } from '../failures.ts';
import type { createRolloutRecord } from './record.ts';
import { serveStep } from './route.ts';

/** A rollout in this run of the workflow: its state, and what people asked for meanwhile. */
export interface RolloutRun {
  readonly input: RollOutInput;
  state: RolloutState;
  abort: ByActor | null;
  promote: ByActor | null;
  /** Whether this run has asked for a route. */
  routed: boolean;
  /** What an abort interrupts. */
  scope: CancellationScope | null;
  apply(state: RolloutState): void;
}

type Record = ReturnType<typeof createRolloutRecord>;
type StepEnd = 'ended' | 'carry_on_as_new';

/** One step from its route to its end; `ended` also when a person or a failed look ended the whole rollout. */
export async function runStep(
  run: RolloutRun,
  plan: readonly RolloutStep[],
  policy: Rollout,
  record: Record,
): Promise<StepEnd> {
  const index = run.state.stepIndex;
  const step = plan[index];
  if (step === undefined) return 'ended';
  const scope = new CancellationScope();
  run.scope = scope;
  try {
    return await scope.run(async () => {
      if (run.state.phase === 'preparing' || run.state.generation === null) {
        await beginStep(run, step, index);
      }
      return await watchStep(run, plan, policy, record);
    });
  } catch (error) {
    if (isCancellation(error) && (run.abort !== null || run.promote !== null)) return 'ended';
    throw error;
  } finally {
    run.scope = null;
  }
}

async function beginStep(run: RolloutRun, step: RolloutStep, index: number): Promise<void> {
  const reason = `Step ${String(index + 1)} of the rollout of version ${String(run.input.version)}: ${step.phase}, ${String(step.weight)} %`;
  const { phase, weight } = step;
  await serveStep(run, { phase, weight, index, key: String(index) }, systemActor('rollout'), reason);
}

async function watchStep(
  run: RolloutRun,
  plan: readonly RolloutStep[],
  policy: Rollout,
  record: Record,
): Promise<StepEnd> {
  const step = plan[run.state.stepIndex];
  if (step === undefined) return 'ended';
  for (;;) {
    if (run.abort !== null || run.promote !== null) return 'ended';
    const decision = nextStep(run.state, step, policy, Date.now());
    switch (decision.kind) {
      case 'wait': {
        const since = run.state.phaseStartedAt;
        const restarted = (): boolean => run.state.phaseStartedAt !== since;
        await condition(restarted, Math.max(1, decision.until - Date.now()));
        const seen = await look(run, step, policy);
        // The state after the look: a pause that came during it must stay.
        run.apply(recordLook(run.state, seen.look, seen.proof));
        if (workflowInfo().continueAsNewSuggested) return 'carry_on_as_new';
        break;
      }
      case 'advance': {
        record.stepPassed(run.state, decision.reason);
        const next = run.state.stepIndex + 1;
        const following = plan[next];
        if (following !== undefined) await beginStep(run, following, next);
        return 'ended';
      }
      case 'finish':
        record.stepPassed(run.state, decision.reason);
        run.apply({ ...run.state, stepIndex: plan.length });
        return 'ended';
      case 'ask':
        record.stepPassed(run.state, decision.reason);
        pause(run, record, 'Every step passed. The spec wants a person to say promote.');
        break;
      case 'pause':
        pause(run, record, decision.reason);
        break;
      case 'abort':
        run.abort = { actor: systemActor('rollout'), reason: decision.reason };
        return 'ended';
      default:
        assertNever(decision, 'step decision');
    }
  }
}

function pause(run: RolloutRun, record: Record, reason: string): void {
  run.apply(pauseRollout(run.state, systemActor('rollout').id, reason, Date.now()));
  record.paused(run.state, reason);
}

interface Seen {
  readonly look: RolloutLook;
  readonly proof: Proof;
}

/** One look. No answer is the verdict `error`: it never passes and never fails a version. */
async function look(run: RolloutRun, step: RolloutStep, policy: Rollout): Promise<Seen> {
  const { model, environment, version, champion } = run.input;
  const generation = run.state.generation ?? 0;
  // Of the time before it measures: what comes in meanwhile belongs to the next look.
  const final = isFinalLook(run.state, step, Date.now());
  const proof = proofLook(run.state, step, Date.now());
  const seen = { phase: step.phase, weight: step.weight, final } as const;
  try {
    const samples = await measureRollout({ model, environment, champion, challenger: version, generation });
    const { shown } = run.state.proof;
    const assessed = assessLook(samples, step, policy, { final, proof, shown });
    return { look: { ...seen, at: Date.now(), verdict: assessed.verdict, samples }, proof: assessed.proof };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { code, reason } = describeFailure(error, ROLLOUT_FAILED);
    const verdict = { kind: 'error', reason: `${code}: ${reason}` } as const;
    return { look: { ...seen, at: Date.now(), verdict, samples: null }, proof: NO_PROOF };
  }
}
