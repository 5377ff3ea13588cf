import { uuid4, workflowInfo } from '@temporalio/workflow';
import type { Decision } from '../../src/contracts/activities/control.ts';
import type { ByActor } from '../../src/contracts/workflows/lifecycle.ts';
import type { RollOutInput } from '../../src/contracts/workflows/rollout.ts';
import { systemActor } from '../../src/domain/actor.ts';
import type { Actor } from '../../src/domain/actor.ts';
import type { RolloutState } from '../../src/domain/rollout/state.ts';
import { recordDecision } from '../activity-proxies.ts';
import type { Lane } from '../lane.ts';
import { tell } from '../send-notice.ts';

/** What a rollout writes down and tells. Only its end is waited for; a slow database never holds traffic. */
export function createRolloutRecord(input: RollOutInput, lane: Lane) {
  const { model, environment, version } = input;
  const { workflowId } = workflowInfo();
  const write = (
    key: string,
    decision: Pick<Decision, 'outcome' | 'reason' | 'actor'>,
    state: RolloutState,
  ) =>
    recordDecision({
      model,
      environment,
      version,
      decisionId: `${workflowId}/${key}`,
      kind: 'rollout',
      evidenceHash: null,
      evidence: { step: state.stepIndex, weight: state.weight, lastLook: state.looks.at(-1) ?? null },
      ...decision,
    });
  return {
    stepPassed(state: RolloutState, reason: string): void {
      const outcome = `${state.phase}_${String(state.weight)}_passed`;
      const key = `step-${String(state.stepIndex)}`;
      lane.add(() => write(key, { outcome, reason, actor: systemActor('rollout') }, state));
    },
    paused(state: RolloutState, reason: string): void {
      const key = `paused-${String(state.paused?.at ?? 0)}`;
      const name = `${model} version ${String(version)}`;
      lane.add(async () => {
        await write(key, { outcome: 'paused', reason, actor: systemActor('rollout') }, state);
        await tell({
          model,
          environment,
          key: `${workflowId}/${key}`,
          thread: workflowId,
          kind: 'approval_requested',
          severity: 'warning',
          title: `The rollout of ${name} is paused: a person has to decide`,
          text: `${reason} Resume it, promote it now, or abort it.`,
          facts: { phase: state.phase, weight: `${String(state.weight)} %`, reason },
          actions: [{ label: 'Look at the version', act: { kind: 'review', version } }],
          escalate: false,
        });
      });
    },
    /** A person paused or resumed it: their decision, in its turn among the others. */
    steered: (state: RolloutState, outcome: 'paused' | 'resumed', { actor, reason }: ByActor): void => {
      const key = `${outcome}-by-hand/${uuid4()}`;
      lane.add(() => write(key, { outcome, reason, actor }, state));
    },
    /** Answers the id of the decision that ended the rollout. */
    ended: async (state: RolloutState, actor: Actor): Promise<string> => {
      const { kind, reason } = state.outcome ?? { kind: 'failed', reason: 'It ended without an outcome.' };
      await write('outcome', { outcome: kind, reason, actor }, state);
      return `${workflowId}/outcome`;
    },
  };
}
