import type { Notice } from '../contracts/activities/control.ts';

/** A notice's action as a link that only this recipient has. */
export interface NoticeLink {
  readonly label: string;
  readonly url: string;
}

/** One message to one recipient. */
export interface OutgoingNotice {
  readonly notice: Notice;
  /** An e-mail address, or a Slack channel. */
  readonly recipient: string;
  readonly links: readonly NoticeLink[];
  /** The message that the recipient's thread began with; null begins it. */
  readonly thread: { readonly externalId: string } | null;
}

/** A way to reach people. `send` is at-least-once: after a lost answer the same message is sent again. */
export interface NotificationChannel {
  readonly name: 'slack' | 'email';
  /**
   * @returns the id that replies of the thread refer to
   * @throws PerennialError NOTIFICATION_REFUSED, NOTIFICATION_RATE_LIMITED, DEPENDENCY_UNAVAILABLE
   */
  send(message: OutgoingNotice): Promise<{ readonly externalId: string }>;
}
