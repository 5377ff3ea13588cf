import type { Notice } from '../src/contracts/activities/control.ts';
import { notify } from './activity-proxies.ts';
import { createStatus } from './status.ts';

/** Delivers a notice whose sender must not wait for it: a channel that is away for hours gets it when it is back. */
export async function deliverNotice(notice: Notice): Promise<void> {
  const show = createStatus(notice);
  show('delivering', notice.title);
  const { delivered } = await notify(notice);
  show('delivered', `${notice.title}: ${delivered.join(', ')}`);
}
