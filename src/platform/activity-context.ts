import { Context } from '@temporalio/activity';

const HEARTBEAT_EVERY_MS = 5_000;

export interface ActivityCall {
  /** Aborted when the activity is cancelled or the worker shuts down. */
  readonly signal: AbortSignal;
  /** The same for every attempt of one call, and for no other call. */
  readonly key: string;
  /** Starts with 1. */
  readonly attempt: number;
}

/** Runs the work of an activity under heartbeats, without which neither a cancellation nor a dead worker is noticed. */
export async function heartbeating<T>(work: (call: ActivityCall) => Promise<T>): Promise<T> {
  const context = Context.current();
  const { workflowExecution, activityId, attempt } = context.info;
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
  try {
    return await work({
      signal: context.cancellationSignal,
      key: `${workflowExecution?.runId ?? ''}/${activityId}`,
      attempt,
    });
  } finally {
    clearInterval(timer);
  }
}
