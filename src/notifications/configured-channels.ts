import { readFileSync } from 'node:fs';
import type { Config } from '../platform/config.ts';
import { createEmailChannel } from './email-channel.ts';
import type { NotificationChannel } from './notification-channel.ts';
import type { DefaultRecipients } from './recipients.ts';
import { createSlackChannel } from './slack-channel.ts';

/** The channels that this installation has, and whom they reach when a spec names nobody. */
export function configuredChannels(config: Pick<Config, 'mail' | 'slack'>): {
  readonly channels: readonly NotificationChannel[];
  readonly defaults: DefaultRecipients;
} {
  const { mail, slack } = config;
  const channels: NotificationChannel[] = [];
  if (slack.botToken !== undefined)
    channels.push(createSlackChannel({ botToken: slack.botToken, apiUrl: slack.apiUrl }));
  if (mail.smtpUrl !== undefined) {
    const ca = mail.caFile === undefined ? undefined : readFileSync(mail.caFile, 'utf8');
    channels.push(createEmailChannel({ smtpUrl: mail.smtpUrl, ca, from: mail.from }));
  }
  return { channels, defaults: { slackChannel: slack.channel, email: mail.to } };
}
