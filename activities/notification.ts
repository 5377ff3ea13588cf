import type { ControlActivities } from '../src/contracts/activities/control.ts';
import { deliverNotice } from '../src/notifications/deliver-notice.ts';
import type { NotificationParts } from '../src/notifications/deliver-notice.ts';

/** The part of task queue `control` that reaches people. */
export function createNotificationActivities(parts: NotificationParts): Pick<ControlActivities, 'notify'> {
  return {
    async notify(notice) {
      return { delivered: await deliverNotice(parts, notice) };
    },
  };
}
