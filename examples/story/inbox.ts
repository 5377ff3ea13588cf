import { z } from 'zod';
import { until } from './until.ts';
import type { Stack } from '../../src/embedded/stack.ts';

const Listed = z.array(z.record(z.string(), z.unknown()));

export interface Inbox {
  /** Waits until a mail and a Slack message hold the text; says how many there are of each. */
  bothTell(text: string, timeoutMs: number): Promise<{ mails: number; slack: number }>;
}

/** Reads what arrived at the mail sink and at the Slack stand-in, as on-call would. */
export function openInbox(stack: Stack): Inbox {
  const list = async (endpoint: 'mailInbox' | 'slackView'): Promise<string[]> => {
    const response = await fetch(`${stack.endpoints[endpoint] ?? ''}/messages`);
    return Listed.parse(await response.json()).map((message) => JSON.stringify(message));
  };
  return {
    bothTell: (text, timeoutMs) =>
      until(`mail and Slack tell of "${text}"`, timeoutMs, async () => {
        const [mails, slack] = await Promise.all([list('mailInbox'), list('slackView')]);
        const count = (messages: readonly string[]): number =>
          messages.filter((message) => message.includes(text)).length;
        const seen = { mails: count(mails), slack: count(slack) };
        return seen.mails > 0 && seen.slack > 0 ? seen : undefined;
      }),
  };
}
