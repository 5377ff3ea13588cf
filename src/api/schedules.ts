import { createHash } from 'node:crypto';
import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Client, ScheduleSpec } from '@temporalio/client';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import { TASK_QUEUE } from '../contracts/task-queues.ts';
import { monitorScheduleId, refreshScheduleId, retrainScheduleId } from '../contracts/workflows/ids.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { PerennialError } from '../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../errors/lifecycle-errors.ts';
import { SPEC_INVALID } from '../errors/spec-errors.ts';
import { codedTemporalError } from './temporal-errors.ts';

/**
 * What was missed while Temporal was down is made up for, if it is not older than this. The next pass of a watch or a refresh
 * does what the one before would have; a nightly retraining would be a day late.
 */
const CATCH_UP_WINDOW = { pass: '10m', retraining: '1d' } as const;
const SCHEDULE_TIMEOUT_MS = 10_000;
const PAUSED_NOTE = 'paused with the lifecycle';

interface PlannedSchedule {
  readonly scheduleId: string;
  readonly workflowType: 'monitorModel' | 'refreshData' | 'requestScheduledVersion';
  /** null: the spec does not ask for it, and a schedule that exists is deleted. */
  readonly spec: ScheduleSpec | null;
  /** Only asking for new versions stops while a lifecycle is paused: live traffic stays watched, features fresh. */
  readonly pausable: boolean;
}

/**
 * An interval counts from the epoch, so that a thousand models with the same one would all fire in the same second.
 * Each schedule has a place of its own in it, in whole seconds, and always the same.
 */
function spread(scheduleId: string, intervalMs: number): ScheduleSpec {
  const seconds = Math.max(1, Math.floor(intervalMs / 1000));
  const place = createHash('sha256').update(scheduleId).digest().readUInt32BE(0) % seconds;
  return { intervals: [{ every: intervalMs, offset: place * 1000 }] };
}

/** The schedules that an effective spec asks for, and those it does not. */
function plannedSchedules(ref: ModelRef, spec: ModelSpec): PlannedSchedule[] {
  const { schedule } = spec.retraining;
  const retrain =
    schedule === undefined
      ? null
      : 'every' in schedule
        ? spread(retrainScheduleId(ref), schedule.every)
        : { cronExpressions: [schedule.cron], timezone: schedule.timezone };
  const refresh = spec.features.refresh;
  return [
    {
      scheduleId: monitorScheduleId(ref),
      workflowType: 'monitorModel',
      spec:
        spec.monitoring.monitors.length === 0 ? null : spread(monitorScheduleId(ref), spec.monitoring.every),
      pausable: false,
    },
    {
      scheduleId: refreshScheduleId(ref),
      workflowType: 'refreshData',
      spec: refresh === undefined ? null : spread(refreshScheduleId(ref), refresh.every),
      pausable: false,
    },
    {
      scheduleId: retrainScheduleId(ref),
      workflowType: 'requestScheduledVersion',
      spec: retrain,
      pausable: true,
    },
  ];
}

/**
 * Makes the schedules of a model what its spec asks for; repeating it changes nothing. Answers the ids that stand.
 * `paused: null` (not known now) leaves a schedule as paused or running as it is.
 * @throws PerennialError DEPENDENCY_UNAVAILABLE; SPEC_INVALID where a spec that was stored before it was checked asks for what
 * Temporal refuses
 */
export async function syncSchedules(
  client: Client,
  ref: ModelRef,
  spec: ModelSpec,
  paused: boolean | null,
): Promise<string[]> {
  const gone = () => new PerennialError(DEPENDENCY_UNAVAILABLE, 'a schedule vanished while it was changed');
  try {
    return await client.withDeadline(Date.now() + SCHEDULE_TIMEOUT_MS, async () => {
      const standing: string[] = [];
      for (const planned of plannedSchedules(ref, spec)) {
        if (planned.spec === null) await remove(client, planned.scheduleId);
        else {
          const pause = planned.pausable ? paused : false;
          await createOrUpdate(client, ref, { ...planned, spec: planned.spec }, pause);
          standing.push(planned.scheduleId);
        }
      }
      return standing;
    });
  } catch (error) {
    if (error instanceof TypeError) {
      const text = `Temporal refuses a schedule of the spec of ${ref.model}: ${error.message}; mend the spec and apply it again`;
      throw new PerennialError(SPEC_INVALID, text, { cause: error });
    }
    throw codedTemporalError(error, gone);
  }
}

async function remove(client: Client, scheduleId: string): Promise<void> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

async function createOrUpdate(
  client: Client,
  ref: ModelRef,
  planned: PlannedSchedule & { readonly spec: ScheduleSpec },
  paused: boolean | null,
): Promise<void> {
  const desired = {
    spec: planned.spec,
    action: {
      type: 'startWorkflow' as const,
      workflowType: planned.workflowType,
      workflowId: planned.scheduleId,
      taskQueue: TASK_QUEUE.control,
      args: [{ model: ref.model, environment: ref.environment }],
    },
    policies: {
      overlap: ScheduleOverlapPolicy.SKIP,
      catchupWindow: planned.pausable ? CATCH_UP_WINDOW.retraining : CATCH_UP_WINDOW.pass,
    },
  };
  const state = { paused: paused === true, note: paused === true ? PAUSED_NOTE : '' };
  try {
    await client.schedule.create({ ...desired, state, scheduleId: planned.scheduleId });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(planned.scheduleId).update((previous) => {
      const { paused: was, note } = previous.state;
      // Someone who paused one schedule by hand keeps it paused: only our own pause is lifted.
      const keep = paused === null || (!paused && was && note !== PAUSED_NOTE);
      return { ...desired, state: keep ? { paused: was, ...(note === undefined ? {} : { note }) } : state };
    });
  }
}
