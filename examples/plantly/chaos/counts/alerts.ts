import { z } from 'zod';
import type { Aftermath, Count } from './aftermath.ts';
import { eventually } from './aftermath.ts';

const Mails = z.array(z.object({ messageId: z.string().nullable() }));
const SlackMessages = z.array(z.object({ ts: z.string() }));

/** Every notice reached everybody it names, and hardly more than once: each fault can double one message at most. */
export async function countAlerts(after: Aftermath): Promise<Count[]> {
  const { db, stack, hits } = after;
  const list = async (endpoint: 'mailInbox' | 'slackView'): Promise<unknown> =>
    (await fetch(`${stack.endpoints[endpoint] ?? ''}/messages`)).json();
  return [
    await eventually('alerts: every incident was told by mail and by Slack', async () => {
      const { rows } = await db.query<{ incident_id: string; channels: number }>(
        `SELECT i.incident_id, count(DISTINCT d.channel)::int AS channels FROM incidents i
           LEFT JOIN deliveries d ON d.thread = i.incident_id GROUP BY 1`,
      );
      const untold = rows.filter(({ channels }) => channels < 2).length;
      return { ok: untold === 0, seen: `${rows.length} incidents, ${untold} not told by both` };
    }),
    await eventually('alerts: every delivery arrived, and at most one more for each fault', async () => {
      const { rows } = await db.query<{ channel: string; external_id: string }>(
        'SELECT channel, external_id FROM deliveries',
      );
      const mails = Mails.parse(await list('mailInbox')).map(({ messageId }) => messageId ?? '');
      const slack = SlackMessages.parse(await list('slackView')).map(({ ts }) => ts);
      const arrived = new Set([...mails, ...slack]);
      const told = rows.filter(({ channel }) => channel === 'email' || channel === 'slack');
      const missing = told.filter(({ external_id }) => !arrived.has(external_id)).length;
      const more = mails.length + slack.length - told.length;
      return {
        ok: missing === 0 && more >= 0 && more <= hits,
        seen: `${told.length} deliveries, ${mails.length} mails, ${slack.length} Slack messages, ${missing} missing, ${more} more than once`,
      };
    }),
  ];
}
