import { condition, setHandler } from '@temporalio/workflow';
import {
  findingsReportedSignal,
  incidentClosedSignal,
  lifecycleStateQuery,
  pauseUpdate,
  probeSignal,
  productionFinishedSignal,
  promotionFinishedSignal,
  requestVersionsUpdate,
  requestVersionUpdate,
  resumeUpdate,
  revalidateUpdate,
  revalidationFinishedSignal,
  rollbackUpdate,
  triggerTakenSignal,
  versionRequestedSignal,
} from '../../src/contracts/workflows/lifecycle.ts';
import type {
  RevalidateAnswer,
  RevalidateCommand,
  RollbackAnswer,
  RollbackCommand,
} from '../../src/contracts/workflows/lifecycle.ts';
import { applyFindings, incidentClosed } from '../../src/domain/lifecycle/findings.ts';
import {
  checkPause,
  checkResume,
  pauseLifecycle,
  resumeLifecycle,
} from '../../src/domain/lifecycle/pause.ts';
import { firstAnswer } from '../../src/domain/lifecycle/processed-keys.ts';
import { productionFinished, triggerTaken } from '../../src/domain/lifecycle/productions.ts';
import { promotionFinished } from '../../src/domain/lifecycle/promotions.ts';
import {
  beginRevalidation,
  checkRevalidate,
  revalidationFinished,
} from '../../src/domain/lifecycle/revalidations.ts';
import { beginRollback, checkRollback } from '../../src/domain/lifecycle/rollbacks.ts';
import { applyTrigger } from '../../src/domain/lifecycle/triggers.ts';
import type { Trigger, TriggerAnswer } from '../../src/domain/trigger.ts';
import { ROLLBACK_FAILED, VERSION_NOT_CANDIDATE } from '../../src/errors/lifecycle-errors.ts';
import { loadCandidate } from '../activity-proxies.ts';
import { describeFailure, refuse, throwIfRefused } from '../failures.ts';
import type { LifecycleRun } from '../model-lifecycle.ts';

/** How long an answer waits for the number of the version that it started. */
const NUMBER_WAIT_MS = 10_000;

/** Wires the messages of a lifecycle to its pure transitions. Checks run again when a handler acts. */
export function listen(run: LifecycleRun): void {
  setHandler(lifecycleStateQuery, () => run.state);
  setHandler(probeSignal, () => undefined);
  setHandler(requestVersionUpdate, (trigger) => request(run, trigger));
  setHandler(requestVersionsUpdate, (triggers) => requestAll(run, triggers));
  setHandler(versionRequestedSignal, async (trigger) => {
    const context = await run.context();
    run.apply((state) => applyTrigger(state, trigger, context));
  });
  setHandler(
    pauseUpdate,
    async (by) => {
      const context = await run.context();
      throwIfRefused(checkPause(run.state));
      run.apply((state) => pauseLifecycle(state, by, context));
    },
    { validator: (_by) => throwIfRefused(checkPause(run.state)) },
  );
  setHandler(
    resumeUpdate,
    async (by) => {
      const context = await run.context();
      throwIfRefused(checkResume(run.state));
      run.apply((state) => resumeLifecycle(state, by, context));
    },
    { validator: (_by) => throwIfRefused(checkResume(run.state)) },
  );
  setHandler(rollbackUpdate, (command) => rollBack(run, command), {
    validator: ({ to }: RollbackCommand) => throwIfRefused(checkRollback(run.state, to)),
  });
  setHandler(revalidateUpdate, (command) => revalidate(run, command), {
    validator: ({ version }: RevalidateCommand) => throwIfRefused(checkRevalidate(run.state, version)),
  });
  setHandler(revalidationFinishedSignal, async (outcome) => {
    const context = await run.context();
    run.apply((state) => revalidationFinished(state, outcome, context));
  });
  setHandler(triggerTakenSignal, async (taken) => {
    const context = await run.context();
    run.apply((state) => triggerTaken(state, taken, context));
  });
  setHandler(productionFinishedSignal, async (outcome) => {
    const context = await run.context();
    run.apply((state) => productionFinished(state, outcome, context));
  });
  setHandler(promotionFinishedSignal, async (outcome) => {
    const context = await run.context();
    run.apply((state) => promotionFinished(state, outcome, context));
  });
  setHandler(findingsReportedSignal, async (report) => {
    const context = await run.context();
    run.apply((state) => applyFindings(state, report, context));
  });
  setHandler(incidentClosedSignal, ({ incidentId }) => {
    run.apply((state) => incidentClosed(state, incidentId));
  });
}

async function request(run: LifecycleRun, trigger: Trigger): Promise<TriggerAnswer> {
  const context = await run.context();
  const answer = run.apply((state) => applyTrigger(state, trigger, context));
  return await numbered(run, trigger, answer);
}

/**
 * All are taken before any is waited for: at most one of them starts something. Where none does, none gets a promise of
 * its own: those cost a worker more than the triggers.
 */
async function requestAll(
  run: LifecycleRun,
  triggers: readonly Trigger[],
): Promise<readonly TriggerAnswer[]> {
  const context = await run.context();
  const taken = triggers.map((trigger) => ({
    trigger,
    answer: run.apply((state) => applyTrigger(state, trigger, context)),
  }));
  if (!taken.some(({ answer }) => isWithoutNumber(answer))) return taken.map(({ answer }) => answer);
  return await Promise.all(taken.map(({ trigger, answer }) => numbered(run, trigger, answer)));
}

const isWithoutNumber = (answer: TriggerAnswer): boolean =>
  answer.kind === 'started' && answer.version === null;

/** Answers with the version's number where it is known soon; the production goes on without it all the same. */
async function numbered(run: LifecycleRun, trigger: Trigger, answer: TriggerAnswer): Promise<TriggerAnswer> {
  if (!isWithoutNumber(answer)) return answer;
  await condition(() => run.state.starting?.trigger.key !== trigger.key, NUMBER_WAIT_MS);
  return firstAnswer(run.state, trigger.key) ?? answer;
}

/** The registry knows the stage, so it is asked before anything begins. */
async function revalidate(run: LifecycleRun, command: RevalidateCommand): Promise<RevalidateAnswer> {
  const { model, environment } = run.input;
  const { stage } = await loadCandidate({ model, environment, version: command.version }).catch(
    (error: unknown) => {
      const { code, reason } = describeFailure(error, VERSION_NOT_CANDIDATE);
      throw refuse({ ...VERSION_NOT_CANDIDATE, code }, reason);
    },
  );
  const { specRevision } = await run.newestPolicy();
  const context = await run.context();
  throwIfRefused(checkRevalidate(run.state, command.version, stage));
  return run.apply((state) => beginRevalidation(state, command, specRevision, context));
}

async function rollBack(run: LifecycleRun, command: RollbackCommand): Promise<RollbackAnswer> {
  const context = await run.context();
  throwIfRefused(checkRollback(run.state, command.to));
  const { to, actor, reason } = command;
  const order = { to, actor, reason, automatic: false, incidentId: null };
  const { id } = run.apply((state) => beginRollback(state, order, context));
  const settled = (): boolean => {
    const { rollback } = run.state;
    return rollback?.id !== id || rollback.status === 'done' || rollback.status === 'rollback_failed';
  };
  await condition(settled);
  const { rollback } = run.state;
  if (rollback?.id === id && rollback.to !== null && rollback.generation !== null) {
    return { from: rollback.from, to: rollback.to, generation: rollback.generation };
  }
  const why = rollback?.id === id ? rollback.detail : 'Another rollback followed at once; ask for the state.';
  throw refuse(ROLLBACK_FAILED, why);
}
