import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';
import type { Notice } from '../src/contracts/activities/control.ts';
import { notify } from './activity-proxies.ts';
import { createStatus } from './status.ts';

/**
 * Delivers a notice whose sender must not wait for it: a channel that is away for hours gets it when it is back.
 * @param worthMs after which it is given up without a failure: nobody would want to hear it any more
 */
export async function deliverNotice(notice: Notice, worthMs?: number): Promise<void> {
  const show = createStatus(notice);
  show('delivering', notice.title);
  try {
    const { delivered } = await (worthMs === undefined
      ? notify(notice)
      : notify.executeWithOptions({ scheduleToCloseTimeout: worthMs }, [notice]));
    show('delivered', `${notice.title}: ${delivered.join(', ')}`);
  } catch (error) {
    if (worthMs === undefined || !isOutOfTime(error)) throw error;
    show('given_up', `${notice.title}: nobody was reached while it was worth telling.`);
  }
}

function isOutOfTime(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false;
  return error.retryState === 'TIMEOUT' || error.cause instanceof TimeoutFailure;
}
