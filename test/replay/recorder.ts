import { gzipSync } from 'node:zlib';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';

/** Keeps a workflow's history as it is now; of a name that comes again the first stays. */
export type RecordHistory = (name: string, workflowId: string) => Promise<void>;

export function recorderInto(taken: Map<string, Buffer>, env: TestWorkflowEnvironment): RecordHistory {
  return async (name, workflowId) => {
    if (taken.has(name)) return;
    const history = await env.client.workflow.getHandle(workflowId).fetchHistory();
    // A server of today writes it down, the time-skipping one does not; ids of children are made of it.
    const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
    if (started) started.workflowId = workflowId;
    taken.set(name, gzipSync(historyToJSON(history), { level: 9 }));
  };
}
