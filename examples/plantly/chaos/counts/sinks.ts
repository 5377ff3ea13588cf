import { z } from 'zod';
import type { Aftermath } from './aftermath.ts';
import type { Arrival } from './copies.ts';

const Mails = z.array(
  z.object({
    messageId: z.string().nullable(),
    receivedAt: z.iso.datetime(),
    to: z.array(z.string()),
    text: z.string().nullable(),
  }),
);
const SlackMessages = z.array(
  z.object({ ts: z.string(), channelName: z.string(), text: z.string(), blocks: z.array(z.unknown()) }),
);
const Webhooks = z.array(z.object({ webhookId: z.string(), receivedAt: z.iso.datetime() }));

export interface Received {
  readonly mails: readonly Arrival[];
  readonly slack: readonly Arrival[];
  readonly webhooks: readonly Pick<Arrival, 'id' | 'at'>[];
}

/** What the mailbox, the Slack channel and the webhook's endpoint got. */
export async function readSinks({ stack }: Pick<Aftermath, 'stack'>): Promise<Received> {
  const { mailInbox = '', slackView = '', webhookSink = '' } = stack.endpoints;
  const read = async (address: string): Promise<unknown> => (await fetch(`${address}/messages`)).json();
  return {
    mails: Mails.parse(await read(mailInbox)).map(({ messageId, receivedAt, to, text }) => ({
      id: messageId ?? '',
      // Links are signed anew each time.
      content: `${to.join()} ${(text ?? '').replaceAll(/https?:\S+/g, '')}`,
      at: Date.parse(receivedAt),
    })),
    // Slack gives each copy a timestamp of its own, which is its id.
    slack: SlackMessages.parse(await read(slackView)).map(({ ts, channelName, text, blocks }) => ({
      id: ts,
      content: `${channelName} ${text} ${JSON.stringify(blocks, (key, value: unknown) => (key === 'url' ? null : value))}`,
      at: Number(ts) * 1000,
    })),
    webhooks: Webhooks.parse(await read(webhookSink)).map(({ webhookId, receivedAt }) => ({
      id: webhookId,
      at: Date.parse(receivedAt),
    })),
  };
}
