import type { Aftermath, Count } from './aftermath.ts';
import { eventually } from './aftermath.ts';

/** Those that live on when all is quiet; an incident lives until it is resolved. */
const MAY_RUN = new Set(['modelLifecycle', 'handleIncident']);
/** One pass of a schedule ends within this time when nothing is wrong. */
const PASS_MS = 60_000;
const STUCK_ATTEMPTS = 3;

/** Nothing waits for what will never come, and nothing ended without its own word. */
export async function countWorkflows(after: Aftermath): Promise<Count[]> {
  return [await noneStuck(after), await noneFailed(after)];
}

function noneStuck({ temporal }: Aftermath): Promise<Count> {
  return eventually('workflows: none is stuck', async () => {
    const stuck: string[] = [];
    let running = 0;
    for await (const { workflowId, type, startTime } of temporal.workflow.list({
      query: 'ExecutionStatus = "Running"',
    })) {
      running += 1;
      const { raw } = await temporal.workflow.getHandle(workflowId).describe();
      const failing = (raw.pendingWorkflowTask?.attempt ?? 0) >= STUCK_ATTEMPTS;
      const late =
        !MAY_RUN.has(type) &&
        (type.startsWith('temporal-') ? false : Date.now() - startTime.getTime() > PASS_MS);
      if (failing || late) stuck.push(workflowId);
    }
    return {
      ok: stuck.length === 0,
      seen: `${running} running, ${stuck.length} stuck${stuck.map((id) => ` ${id}`).join('')}`,
    };
  });
}

function noneFailed({ temporal }: Aftermath): Promise<Count> {
  return eventually('workflows: none failed', async () => {
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
