import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { TASK_QUEUE } from '../../../src/contracts/task-queues.ts';
import {
  incidentWorkflowId,
  monitorScheduleId,
  noticeWorkflowId,
  produceVersionId,
  promotionId,
  retrainScheduleId,
  rolloutId,
} from '../../../src/contracts/workflows/ids.ts';
import { acknowledgeUpdate, resolveUpdate } from '../../../src/contracts/workflows/incident.ts';
import {
  pauseUpdate,
  requestVersionsUpdate,
  requestVersionUpdate,
  resumeUpdate,
  rollbackUpdate,
} from '../../../src/contracts/workflows/lifecycle.ts';
import { decideUpdate } from '../../../src/contracts/workflows/promotion.ts';
import { resumeRolloutUpdate } from '../../../src/contracts/workflows/rollout.ts';
import type { TriggerAnswer } from '../../../src/domain/trigger.ts';
import { assertNever } from '../../../src/errors/assert-never.ts';
import { monitorModel, requestScheduledVersion } from '../../../workflows/index.ts';
import { EMIL, OTTO, trigger } from '../builders.ts';
import type { Life } from '../steps.ts';
import { REF } from '../time-skipping.ts';
import type { Stage } from '../time-skipping.ts';
import type { World } from '../world.ts';
import { DAY_MS, HOUR_MS, ODD_MS } from './plan-life.ts';
import type { Happening, LifePlan } from './plan-life.ts';
import { givePlan } from './give-plan.ts';
import { createSleepOver } from './sleep-over.ts';

const by = { actor: OTTO, reason: 'on call' };
/** As the API sends what comes to one model at once. */
const BATCH = 100;
const SAMPLE_EVERY_MS = 3 * DAY_MS;
/** In samples. */
const TELL_EVERY = 10;
/** After the last happening: the longest wait for an approval, a rollout, and a cool-down. */
const SETTLE_MS = 12 * DAY_MS;

export interface Lived {
  /** Keys that were taken: started, waiting, or coalesced with another. */
  readonly accepted: ReadonlySet<string>;
  /** Characters of the lifecycle's state as JSON, every third day. */
  readonly stateSizes: readonly number[];
  /** Workflows beside the lifecycle that ran. */
  readonly workflowIds: readonly string[];
  readonly passes: number;
  /** Commands by people, and those that were refused because the moment had passed. */
  readonly commands: number;
  readonly refusals: number;
}

/** Lives the plan out on the time-skipping server: the world happens, and people answer in their time. */
export async function liveThrough(
  stage: Stage,
  world: World,
  life: Life,
  plan: LifePlan,
  tell: (progress: string) => void = () => undefined,
): Promise<Lived> {
  const { workflow } = stage.env.client;
  const ref = { model: life.model, environment: REF.environment };
  const bornAt = await stage.env.currentTimeMs();
  const accepted = new Set<string>();
  const stateSizes: number[] = [];
  const workflowIds: string[] = [];
  const incidentIds: string[] = [];
  let [passes, commands, refusals, paused] = [0, 0, 0, false];
  const clock = { now: 0 };
  /** What people will do, and when. */
  let intentions: { readonly at: number; readonly act: () => Promise<unknown> }[] = [];
  const intend = (afterMs: number, act: () => Promise<unknown>): void => {
    intentions.push({ at: clock.now + afterMs, act });
  };

  const command = async (act: () => Promise<unknown>): Promise<boolean> => {
    commands += 1;
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError))
        throw error;
      refusals += 1;
      return false;
    }
  };
  const take = (key: string, answer: TriggerAnswer): void => {
    if (answer.kind !== 'refused') accepted.add(key);
  };
  const runScheduled = async (
    type: typeof monitorModel | typeof requestScheduledVersion,
    schedule: string,
  ) => {
    const workflowId = `${schedule}-${new Date(bornAt + clock.now).toISOString()}`;
    await workflow.start(type, { taskQueue: TASK_QUEUE.control, workflowId, args: [ref] });
    workflowIds.push(workflowId);
    return workflowId;
  };

  givePlan(world, plan, clock, {
    approvalAsked: (version, { approver, answersAfterMs }) => {
      if (approver === 'is away') return;
      const decision = approver === 'approves' ? 'approve' : 'reject';
      const vote = {
        actor: EMIL,
        decision,
        reason: 'read the card',
        evidenceHash: `evidence-of-${String(version)}`,
      } as const;
      intend(answersAfterMs, () =>
        workflow.getHandle(promotionId(ref, version)).executeUpdate(decideUpdate, { args: [vote] }),
      );
    },
    rolloutPaused: (version) => {
      intend(5 * HOUR_MS + ODD_MS, () =>
        workflow.getHandle(rolloutId(ref, version)).executeUpdate(resumeRolloutUpdate, { args: [by] }),
      );
    },
    incidentOpened: (incidentId) => {
      const incident = workflow.getHandle(incidentWorkflowId(incidentId));
      incidentIds.push(incident.workflowId);
      intend(2 * HOUR_MS + ODD_MS, () => incident.executeUpdate(acknowledgeUpdate, { args: [by] }));
      intend(4 * DAY_MS + ODD_MS, () => incident.executeUpdate(resolveUpdate, { args: [by] }));
    },
  });

  const happen = async (happening: Happening): Promise<void> => {
    switch (happening.kind) {
      case 'monitor_pass':
        passes += 1;
        await runScheduled(monitorModel, monitorScheduleId(ref));
        return;
      case 'retraining_schedule': {
        const key = await runScheduled(requestScheduledVersion, retrainScheduleId(ref));
        await workflow.getHandle(key).result();
        // One that comes in a pause is refused: the next one comes by itself.
        if (!paused) accepted.add(key);
        return;
      }
      case 'trigger': {
        const { key, source } = happening;
        const args = [trigger(key, { source, requestedAt: bornAt + clock.now })] as const;
        take(key, await life.handle.executeUpdate(requestVersionUpdate, { args: [...args] }));
        return;
      }
      case 'storm':
        for (let i = 0; i < happening.keys.length; i += BATCH) {
          const keys = happening.keys.slice(i, i + BATCH);
          const args = keys.map((key) =>
            trigger(key, { source: 'webhook', requestedAt: bornAt + clock.now }),
          );
          const answers = await life.handle.executeUpdate(requestVersionsUpdate, { args: [args] });
          keys.forEach((key, n) => take(key, answers[n] ?? { kind: 'refused', reason: 'no answer' }));
        }
        return;
      case 'pause':
        paused = await command(() => life.handle.executeUpdate(pauseUpdate, { args: [by] }));
        return;
      case 'resume':
        await command(() => life.handle.executeUpdate(resumeUpdate, { args: [by] }));
        paused = false;
        return;
      case 'rollback':
        await command(() => life.handle.executeUpdate(rollbackUpdate, { args: [by] }));
        return;
      default:
        assertNever(happening, 'happening');
    }
  };
  const children = (): string[] =>
    [...world.versions.keys()].flatMap((version) =>
      [produceVersionId, promotionId, rolloutId].map((idOf) => idOf(ref, version)),
    );
  const notices = (): string[] => [...world.notices.keys()].map(noticeWorkflowId);
  const sleepOver = createSleepOver(stage.env, () => [...children(), ...incidentIds, ...notices()]);
  const reach = async (at: number): Promise<void> => {
    const missing = bornAt + at - (await stage.env.currentTimeMs());
    if (missing > 0) await sleepOver(missing);
    clock.now = Math.max(clock.now, at);
  };
  const peopleAct = async (until: number): Promise<void> => {
    for (;;) {
      const due = intentions.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) return;
      intentions = intentions.filter((intention) => intention !== due);
      await reach(due.at);
      await command(due.act);
    }
  };
  const sample = async (): Promise<void> => {
    stateSizes.push(JSON.stringify(await life.state()).length);
  };

  for (const happening of plan.happenings) {
    await peopleAct(happening.at);
    await reach(happening.at);
    await happen(happening);
    if (happening.at < (stateSizes.length + 1) * SAMPLE_EVERY_MS) continue;
    await sample();
    if (stateSizes.length % TELL_EVERY === 0)
      tell(`day ${String(Math.round(happening.at / DAY_MS))}: ${String(world.versions.size)} versions`);
  }
  const end = clock.now + SETTLE_MS;
  while (clock.now < end) {
    await peopleAct(clock.now + 6 * HOUR_MS);
    await reach(clock.now + 6 * HOUR_MS);
  }
  return {
    accepted,
    stateSizes,
    workflowIds: [...workflowIds, ...incidentIds, ...children()],
    passes,
    commands,
    refusals,
  };
}
