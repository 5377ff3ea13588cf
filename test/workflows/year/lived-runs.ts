import type { TestWorkflowEnvironment } from '@temporalio/testing';

type Client = TestWorkflowEnvironment['client'];
type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;

/** One run of a workflow that carries itself on under new histories. */
export interface LivedRun {
  readonly runId: string;
  readonly history: History;
  readonly events: number;
  /** As the server counts them when it starts the run's last task. */
  readonly sizeBytes: number;
  /** Of the state that it got from the run before it; 0 in the first. */
  readonly stateBytes: number;
}

/** Every run of a workflow, from its first on. */
export async function livedRuns(
  client: Client,
  workflowId: string,
  firstRunId: string,
): Promise<readonly LivedRun[]> {
  const runs: LivedRun[] = [];
  for (let runId: string | null = firstRunId; runId !== null;) {
    const history: History = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const events = history.events ?? [];
    const tasks = events.flatMap(({ workflowTaskStartedEventAttributes: task }) => (task ? [task] : []));
    const input = events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
    runs.push({
      runId,
      history,
      events: events.length,
      sizeBytes: Number(tasks.at(-1)?.historySizeBytes ?? 0),
      stateBytes: runs.length === 0 ? 0 : (input?.length ?? 0),
    });
    const end = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes;
    runId = end?.newExecutionRunId ?? null;
  }
  return runs;
}
