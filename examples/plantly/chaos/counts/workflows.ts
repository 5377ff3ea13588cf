import {
  incidentWorkflowId,
  lifecycleId,
  produceVersionId,
  promotionId,
  revalidationId,
} from '../../../../src/contracts/workflows/ids.ts';
import type { ModelRef } from '../../../../src/contracts/workflows/ids.ts';
import { lifecycleStateQuery } from '../../../../src/contracts/workflows/lifecycle.ts';
import { isRollingBack } from '../../../../src/domain/lifecycle/rollbacks.ts';
import type { LifecycleState } from '../../../../src/domain/lifecycle/state.ts';
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
  return [
    await noneStuck(after),
    await noneFailed(after),
    await childrenRun(after),
    await incidentsHandled(after),
  ];
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

/** What a lifecycle waits for: workflows that it names, and steps of its own. */
function awaited(
  ref: ModelRef,
  state: LifecycleState,
): { readonly children: string[]; readonly own: string[] } {
  const { starting, production, promotion, revalidation, rollback } = state;
  return {
    children: [
      ...(production ? [produceVersionId(ref, production.version)] : []),
      // One that is `finishing` has passed: the lifecycle moves the champion.
      ...(promotion && promotion.status !== 'finishing' ? [promotionId(ref, promotion.version)] : []),
      ...(revalidation ? [revalidationId(ref, revalidation.version)] : []),
    ],
    own: [
      ...(starting ? [`a production for ${starting.trigger.key}`] : []),
      ...(promotion?.status === 'finishing' ? [`the promotion of version ${promotion.version}`] : []),
      ...(rollback && isRollingBack(state) ? [`the rollback from version ${rollback.from}`] : []),
    ],
  };
}

/** A child that is gone would be waited for until its deadline, for up to 60 days. */
function childrenRun(after: Aftermath): Promise<Count> {
  const { temporal, model, environment } = after;
  return eventually(after, 'workflows: what the lifecycle waits for goes on', async () => {
    const lifecycle = temporal.workflow.getHandle(lifecycleId({ model, environment }));
    const { children, own } = awaited({ model, environment }, await lifecycle.query(lifecycleStateQuery));
    const gone: string[] = [];
    for (const id of children) {
      const name = await temporal.workflow
        .getHandle(id)
        .describe()
        .then(
          ({ status }) => status.name,
          (error: unknown) => String(error),
        );
      if (name !== 'RUNNING') gone.push(`${id} ${name}`);
    }
    return {
      ok: gone.length + own.length === 0,
      seen: `${children.length} children${listed(', gone:', gone)}${listed(', not done:', own)}`,
    };
  });
}

/** Who reminds of an incident lives as long as the incident does. */
function incidentsHandled(after: Aftermath): Promise<Count> {
  const { temporal, db } = after;
  const promise = 'workflows: each open incident has one that handles it, and no resolved one has';
  return eventually(after, promise, async () => {
    const { rows } = await db.query<{ incident_id: string; resolved: boolean }>(
      `SELECT incident_id, status = 'resolved' AS resolved FROM incidents`,
    );
    const handled = new Set<string>();
    const query = `WorkflowType = 'handleIncident' AND ExecutionStatus = 'Running'`;
    for await (const { workflowId } of temporal.workflow.list({ query })) handled.add(workflowId);
    const wrong = rows.filter(
      ({ incident_id, resolved }) => handled.has(incidentWorkflowId(incident_id)) === resolved,
    );
    const unknown =
      handled.size - rows.filter((row) => handled.has(incidentWorkflowId(row.incident_id))).length;
    return {
      ok: wrong.length + unknown === 0,
      seen: `${rows.length} incidents, ${handled.size} handled, ${unknown} unknown${listed(
        ', not as they should be:',
        wrong.map(({ incident_id, resolved }) => `${incident_id} ${resolved ? 'resolved' : 'open'}`),
      )}`,
    };
  });
}

const listed = (what: string, names: readonly string[]): string =>
  names.length === 0 ? '' : `${what} ${names.join(', ')}`;

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
