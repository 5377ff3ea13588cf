import type { Notifications } from '../contracts/spec/operation.ts';
import type { NotificationChannel } from './notification-channel.ts';

export interface Recipient {
  readonly channel: NotificationChannel['name'];
  /** An e-mail address, or a Slack channel. */
  readonly address: string;
}

/** Where messages go when a spec names nobody: the installation's own channel and addresses. */
export interface DefaultRecipients {
  readonly slackChannel: string | null;
  readonly email: readonly string[];
}

/** Whom a notice goes to, each once: the spec's recipients or the defaults, and with `escalate` also those of the escalation. */
export function recipientsOf(
  notifications: Pick<Notifications, 'slack' | 'email' | 'escalation'> | null,
  defaults: DefaultRecipients,
  escalate: boolean,
): Recipient[] {
  const escalation = escalate ? notifications?.escalation : undefined;
  const slack = [notifications?.slack?.channel ?? defaults.slackChannel, escalation?.slackChannel];
  const email = [...(notifications?.email?.to ?? defaults.email), ...(escalation?.email ?? [])];
  const all: Recipient[] = [
    ...slack.flatMap((address) => (address ? [{ channel: 'slack' as const, address }] : [])),
    ...email.map((address) => ({ channel: 'email' as const, address: address.toLowerCase() })),
  ];
  return all.filter(
    (one, i) =>
      all.findIndex((other) => other.channel === one.channel && other.address === one.address) === i,
  );
}
