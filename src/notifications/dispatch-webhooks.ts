import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { TASK_QUEUE } from '../contracts/task-queues.ts';
import { webhookWorkflowId } from '../contracts/workflows/ids.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { DeliverWebhookInput } from '../contracts/workflows/webhook.ts';
import type { Database } from '../registry/database.ts';
import { markDispatched, undispatchedWebhooks } from '../registry/webhook-outbox.ts';

const BATCH = 50;
const WORKFLOW = 'deliverWebhook';

export interface WebhookDispatch {
  readonly db: Database;
  readonly environment: string;
  readonly client: Pick<Client, 'workflow'>;
}

/** What is delivered, and to whom. */
export type DispatchedWebhook = ModelRef & Pick<DeliverWebhookInput, 'deliveryId' | 'endpoint' | 'event'>;

function startOptions(webhook: DispatchedWebhook) {
  const { model, environment, deliveryId, endpoint, event } = webhook;
  return {
    taskQueue: TASK_QUEUE.control,
    workflowId: webhookWorkflowId(environment, deliveryId),
    args: [{ model, environment, deliveryId, endpoint, event }] as [DeliverWebhookInput],
    staticSummary: `Tells ${endpoint} of ${event}`,
  };
}

/** Hands every delivery that was committed to a workflow of its own, once. */
async function dispatchWebhooks({ db, environment, client }: WebhookDispatch): Promise<void> {
  for (;;) {
    const waiting = await undispatchedWebhooks(db, environment, BATCH);
    for (const webhook of waiting) {
      try {
        await client.workflow.start(WORKFLOW, {
          ...startOptions(webhook),
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
        });
      } catch (error) {
        // Another worker was quicker, or this one died between the start and the note.
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
      await markDispatched(db, webhook.deliveryId);
    }
    if (waiting.length < BATCH) return;
  }
}

type Activity = (...args: never[]) => Promise<unknown>;

/**
 * The same activities, which count as done only once the webhooks that they committed are on their way. A worker that
 * dies in between leaves an activity that is retried, and any later activity of the environment takes up what is left.
 */
export function dispatchingWebhooks<T extends { readonly [K in keyof T]: Activity }>(
  activities: T,
  dispatch: WebhookDispatch,
): T {
  const wrapped = Object.entries<Activity>(activities).map(([name, activity]) => [
    name,
    async (...args: never[]): Promise<unknown> => {
      const result = await activity(...args);
      await dispatchWebhooks(dispatch);
      return result;
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}

/** Begins a delivery anew, at once; a series of attempts that still waits for its next one is ended. */
export async function restartDelivery(
  client: Pick<Client, 'workflow'>,
  webhook: DispatchedWebhook,
): Promise<void> {
  await client.workflow.start(WORKFLOW, {
    ...startOptions(webhook),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
  });
}
