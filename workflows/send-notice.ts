import { CancellationScope, condition, ParentClosePolicy, patched, startChild } from '@temporalio/workflow';
import type { Notice } from '../src/contracts/activities/control.ts';
import { noticeWorkflowId } from '../src/contracts/workflows/ids.ts';
import { notify } from './activity-proxies.ts';
import { deliverNotice } from './deliver-notice.ts';
import { startOnce } from './start-once.ts';

/** As long as a message waits for the one before it in its thread. */
const TURN_MS = 10_000;

/**
 * Has a notice delivered by a workflow of its own that outlives this one, also where this one is cancelled: a channel that is
 * away holds nobody up, and gets it when it is back. A notice that is being delivered, or was, is not sent again.
 * @param worthMs how long it is worth telling; for good when left out
 * @returns whether its delivery is over
 */
export async function sendNotice(notice: Notice, worthMs?: number): Promise<() => boolean> {
  let over = true;
  const ended = (): void => {
    over = true;
  };
  const start = async (): Promise<void> => {
    const child = await startChild(deliverNotice, {
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowId: noticeWorkflowId(notice.key),
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      args: worthMs === undefined ? [notice] : [notice, worthMs],
      staticSummary: notice.title,
    });
    over = false;
    child.result().then(ended, ended);
  };
  await CancellationScope.nonCancellable(() => startOnce(start));
  return () => over;
}

/** Tells it from a workflow that may have begun when notices were sent from within, and waited for. */
export async function tell(notice: Notice): Promise<void> {
  if (isOfItsOwn()) await sendNotice(notice);
  else await notify(notice);
}

/** The same for a message of a thread: the next one waits for it, so that they come in their order, but only a moment. */
export async function tellInTurn(notice: Notice, worthMs?: number): Promise<void> {
  if (isOfItsOwn()) await condition(await sendNotice(notice, worthMs), TURN_MS);
  else await notify(notice);
}

function isOfItsOwn(): boolean {
  return patched('notice-of-its-own');
}
