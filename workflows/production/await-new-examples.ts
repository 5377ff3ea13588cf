import { condition, getExternalWorkflowHandle, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { LifecyclePolicy } from '../../src/contracts/activities/control.ts';
import { lifecycleId } from '../../src/contracts/workflows/ids.ts';
import { triggerTakenSignal } from '../../src/contracts/workflows/lifecycle.ts';
import type { ProduceVersionInput } from '../../src/contracts/workflows/production.ts';
import { systemActor } from '../../src/domain/actor.ts';
import { beginWait, describeWait, looked, untilNextLook } from '../../src/domain/production/new-examples.ts';
import type { NewExamplesWait } from '../../src/domain/production/new-examples.ts';
import { utcTime } from '../../src/domain/utc-time.ts';
import type { Trigger } from '../../src/domain/trigger.ts';
import { PRODUCTION_FAILED } from '../../src/errors/lifecycle-errors.ts';
import { countNewExamples, recordDecision } from '../activity-proxies.ts';
import { describeFailure } from '../failures.ts';

export interface WaitParts {
  readonly input: ProduceVersionInput;
  readonly policy: LifecyclePolicy;
  /** As an earlier run of this workflow left it. */
  readonly carried: NewExamplesWait | undefined;
  /** Triggers that want a version now. A look takes those that came before it, and no others. */
  readonly asked: Trigger[];
  readonly mayCarryOn: () => boolean;
  readonly readAgain: () => Promise<void>;
  readonly show: (wait: NewExamplesWait, detail: string) => void;
}

/**
 * Waits until there are enough examples of the new time, somebody wants a version now, or `maxWait` is over. The sources
 * have just been read when it is called; each later look reads them again.
 */
export async function awaitNewExamples(parts: WaitParts): Promise<'ended' | 'carry_on_as_new'> {
  const { input, policy, carried, asked, show } = parts;
  const rule = policy.retraining.newExamples;
  const since = input.newExamplesSince;
  if (rule === undefined || since === undefined) return 'ended';
  let wait = carried ?? beginWait(rule, since, Date.now());
  for (let first = true; ; first = false) {
    const now = Date.now();
    const wanted = asked.splice(0).at(-1) ?? null;
    const begins = wait.count === null;
    if (begins) show(wait, `counting the examples since ${utcTime(since)}`);
    try {
      if (!first || wanted !== null) await parts.readAgain();
      const { model, environment, specRevision } = input;
      wait = looked(wait, await countNewExamples({ model, environment, specRevision, since }), wanted, now);
      show(wait, describeWait(wait));
    } catch (error) {
      // There is time to look again; only what the version would go on with must be looked at.
      const last = wanted !== null || now >= wait.until;
      if (begins || last || isCancellation(error)) throw error;
      const { code, reason } = describeFailure(error, PRODUCTION_FAILED);
      show(wait, `${describeWait(wait)}; the newest look failed: ${code}: ${reason}`);
    }
    if (begins || wait.end !== null) await recordWait(input, wait);
    if (wait.end !== null) {
      if (wanted !== null) await take(input, wanted);
      return 'ended';
    }
    const refreshEveryMs = policy.refreshEveryMs;
    const pauseMs = untilNextLook(wait, { maxWait: rule.maxWait, refreshEveryMs }, Date.now());
    await condition(() => asked.length > 0, pauseMs);
    if (workflowInfo().continueAsNewSuggested && parts.mayCarryOn()) return 'carry_on_as_new';
  }
}

/** For the card and the lineage: that it waits, and at the end with how many of them it went on. */
async function recordWait(input: ProduceVersionInput, wait: NewExamplesWait): Promise<void> {
  const { model, environment, version } = input;
  const { workflowId } = workflowInfo();
  const { kind } = wait.end ?? { kind: 'waiting' };
  await recordDecision({
    model,
    environment,
    decisionId: `${workflowId}/examples/${wait.end === null ? 'wait' : 'end'}`,
    version,
    kind: 'production',
    outcome: kind === 'waiting' ? kind : kind === 'enough' ? 'enough_examples' : 'too_few_examples',
    reason: describeWait(wait),
    actor: systemActor('production'),
    evidenceHash: null,
    evidence: { ...wait },
  });
}

async function take(input: ProduceVersionInput, trigger: Trigger): Promise<void> {
  const { version } = input;
  await getExternalWorkflowHandle(lifecycleId(input)).signal(triggerTakenSignal, { version, trigger });
}
