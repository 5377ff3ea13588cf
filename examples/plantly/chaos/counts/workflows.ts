import { lifecycleId } from '../../../../src/contracts/workflows/ids.ts';
import type { Aftermath, Count } from './aftermath.ts';
import { eventually } from './aftermath.ts';

/** Those that live on when all is quiet; an incident lives until it is resolved. */
const MAY_RUN = new Set(['modelLifecycle', 'handleIncident']);
/** One pass of a schedule ends within this time when nothing is wrong. */
const PASS_MS = 60_000;
const STUCK_ATTEMPTS = 3;
const PATIENT_ACTIVITY = 'sendWebhook';

/** Nothing waits for what will never come, and nothing ended without its own word. */
export async function countWorkflows(after: Aftermath): Promise<Count[]> {
  return [await noneStuck(after), await noneFailed(after)];
}

function noneStuck(after: Aftermath): Promise<Count> {
  const { temporal, model, environment } = after;
  const lifecycle = lifecycleId({ model, environment });
  return eventually(after, 'workflows: the lifecycle runs, and none is stuck', async () => {
    const running: string[] = [];
    const stuck: string[] = [];
    let waiting = 0;
    for await (const { workflowId, type, startTime } of temporal.workflow.list({
      query: 'ExecutionStatus = "Running"',
    })) {
      const { raw } = await temporal.workflow.getHandle(workflowId).describe();
      const state = judgeRunning(type, Date.now() - startTime.getTime(), {
        taskAttempt: raw.pendingWorkflowTask?.attempt ?? 0,
        activities: (raw.pendingActivities ?? []).map(({ activityType, attempt }) => ({
          name: activityType?.name ?? '',
          attempt: attempt ?? 0,
        })),
      });
      running.push(workflowId);
      if (state === 'stuck') stuck.push(workflowId);
      if (state === 'waiting') waiting += 1;
    }
    return {
      ok: running.includes(lifecycle) && stuck.length === 0,
      seen: `${running.length} running${running.includes(lifecycle) ? '' : `, not ${lifecycle}`}, ${waiting} send again later, ${stuck.length} stuck${stuck.map((id) => ` ${id}`).join('')}`,
    };
  });
}

interface Pending {
  /** Of the workflow's own task. */
  readonly taskAttempt: number;
  readonly activities: readonly { readonly name: string; readonly attempt: number }[];
}

/** Whether a running workflow goes on: it fails again and again, or lives longer than its kind does. */
export function judgeRunning(
  type: string,
  ageMs: number,
  { taskAttempt, activities }: Pending,
): 'well' | 'waiting' | 'stuck' {
  const failing = activities.filter(({ attempt }) => attempt >= STUCK_ATTEMPTS);
  if (taskAttempt >= STUCK_ATTEMPTS || failing.some(({ name }) => name !== PATIENT_ACTIVITY)) return 'stuck';
  // Somebody else's server is given minutes between two attempts, and was away: the first is tried again after 5 s.
  if (activities.some(({ name, attempt }) => name === PATIENT_ACTIVITY && attempt > 1)) return 'waiting';
  const livesOn = MAY_RUN.has(type) || type.startsWith('temporal-');
  return !livesOn && ageMs > PASS_MS ? 'stuck' : 'well';
}

function noneFailed(after: Aftermath): Promise<Count> {
  const { temporal } = after;
  return eventually(after, 'workflows: none failed', async () => {
    const failed: string[] = [];
    const query = 'ExecutionStatus IN ("Failed", "TimedOut", "Terminated")';
    for await (const { workflowId, status } of temporal.workflow.list({ query }))
      failed.push(`${workflowId} ${status.name}`);
    return {
      ok: failed.length === 0,
      seen: `${failed.length} failed${failed.map((id) => ` ${id}`).join('')}`,
    };
  });
}
