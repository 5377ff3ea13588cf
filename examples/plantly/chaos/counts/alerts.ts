import { z } from 'zod';
import { lifecycleId } from '../../../../src/contracts/workflows/ids.ts';
import type { FaultReport } from '../inject-faults.ts';
import type { Aftermath, Count } from './aftermath.ts';
import { eventually } from './aftermath.ts';

const CHANNELS = 2;
const Mails = z.array(z.object({ messageId: z.string().nullable() }));
const SlackMessages = z.array(z.object({ ts: z.string(), channelName: z.string(), text: z.string() }));
const Webhooks = z.array(z.object({ webhookId: z.string() }));

/** Every notice and every webhook reached all that it names, and no message of them came much more than once. */
export async function countAlerts(after: Aftermath): Promise<Count[]> {
  return [
    await incidentsTold(after),
    await noticesTold(after),
    await arrivedOnce(after),
    await webhooksDelivered(after),
  ];
}

function incidentsTold(after: Aftermath): Promise<Count> {
  const { db } = after;
  return eventually(after, 'alerts: every incident was told by mail and by Slack', async () => {
    const { rows } = await db.query<{ incident_id: string; channels: number }>(
      `SELECT i.incident_id, count(DISTINCT d.channel)::int AS channels FROM incidents i
         LEFT JOIN deliveries d ON d.thread = i.incident_id GROUP BY 1`,
    );
    const untold = rows.filter(({ channels }) => channels < CHANNELS).length;
    return {
      ok: rows.length > 0 && untold === 0,
      seen: `${rows.length} incidents, ${untold} not told by both`,
    };
  });
}

/** What the registry says has happened, against the notices that tell it. */
function noticesTold(after: Aftermath): Promise<Count> {
  const { db, model, environment } = after;
  const promise =
    'alerts: each batch set aside, approval asked for and new champion was told by mail and by Slack';
  return eventually(after, promise, async () => {
    const { rows } = await db.query<{ key: string; channels: number }>(
      `WITH told (key) AS (
         SELECT $3::text || '/quarantine/' || batch_id FROM quarantined_batches WHERE model = $1 AND environment = $2
         UNION ALL
         SELECT $3::text || '/champion/' || (data->>'generation') FROM audit_events
          WHERE action = 'champion.changed' AND model = $1 AND environment = $2
         UNION ALL
         SELECT $4::text || version || '/approval/' || evidence_hash || '/' FROM decisions
          WHERE kind = 'approval' AND outcome = 'requested' AND model = $1 AND environment = $2)
       SELECT told.key, count(DISTINCT d.channel)::int AS channels FROM told
         LEFT JOIN deliveries d ON d.key = told.key OR (told.key LIKE '%/' AND starts_with(d.key, told.key))
        GROUP BY 1`,
      [model, environment, `${environment}/${model}`, `${lifecycleId({ model, environment })}/promotion/`],
    );
    const untold = rows.filter(({ channels }) => channels < CHANNELS);
    return {
      ok: rows.length > 0 && untold.length === 0,
      seen: `${rows.length} notices, ${untold.length} not told by both${untold.map(({ key }) => ` ${key}`).join('')}`,
    };
  });
}

/** Hits that may have come between a message and the note that it was sent. */
function hitsOn(faults: readonly FaultReport[], targets: readonly string[]): number {
  return faults.filter(({ hit, fault }) => hit && targets.includes(fault.target)).length;
}

interface Message {
  /** As a delivery records it. */
  readonly id: string;
  /** What the copies of one message have in common. */
  readonly same: string;
}

/** How many messages nobody noted, and how often more than it was noted the most frequent one came. */
function copiesOf(
  messages: readonly Message[],
  noted: readonly string[],
): { unnoted: number; most: number; more: number } {
  const groups = new Map<string, { came: number; noted: number }>();
  for (const { id, same } of messages) {
    const group = groups.get(same) ?? { came: 0, noted: 0 };
    groups.set(same, group);
    group.came += 1;
    // Copies of a mail have one id.
    if (group.came === 1 || id !== same) group.noted += noted.filter((one) => one === id).length;
  }
  const each = [...groups.values()];
  return {
    unnoted: each.filter((group) => group.noted === 0).length,
    most: Math.max(0, ...each.map((group) => group.came - group.noted)),
    more: each.reduce((sum, group) => sum + group.came - group.noted, 0),
  };
}

function arrivedOnce(after: Aftermath): Promise<Count> {
  const { db, stack, faults } = after;
  const promise =
    'alerts: every delivery arrived, and no message more than once more for each fault in its way';
  return eventually(after, promise, async () => {
    const { rows } = await db.query<{ channel: string; external_id: string }>(
      'SELECT channel, external_id FROM deliveries',
    );
    const list = await readSinks(stack.endpoints);
    const looks = [
      { channel: 'email', link: 'smtp', messages: list.mails },
      { channel: 'slack', link: 'slack', messages: list.slack },
    ].map(({ channel, link, messages }) => {
      const noted = rows.filter((row) => row.channel === channel).map((row) => row.external_id);
      const arrived = new Set(messages.map(({ id }) => id));
      const { unnoted, most, more } = copiesOf(messages, noted);
      const allowed = hitsOn(faults, [link, 'sinks', 'postgres', 'worker-control', 'workers']);
      const missing = noted.filter((id) => !arrived.has(id)).length;
      return {
        ok: noted.length > 0 && missing + unnoted === 0 && most <= allowed,
        seen: `${noted.length} by ${channel}: ${missing} missing, ${unnoted} not noted, ${more} more than once (one at most ${most} times more, ${allowed} allowed)`,
      };
    });
    return { ok: looks.every(({ ok }) => ok), seen: looks.map(({ seen }) => seen).join('; ') };
  });
}

function webhooksDelivered(after: Aftermath): Promise<Count> {
  const { db, stack, faults } = after;
  const promise =
    'webhooks: each arrived or is tried again, and none more than once more for each fault in its way';
  return eventually(after, promise, async () => {
    const { rows } = await db.query<{
      delivery_id: string;
      status: string;
      dispatched: boolean;
      attempts: number;
    }>(
      `SELECT w.delivery_id, w.status, w.dispatched_at IS NOT NULL AS dispatched, count(a.id)::int AS attempts
         FROM outgoing_webhooks w LEFT JOIN outgoing_webhook_attempts a USING (delivery_id) GROUP BY w.delivery_id`,
    );
    const came = new Map<string, number>();
    for (const { id } of (await readSinks(stack.endpoints)).webhooks) came.set(id, (came.get(id) ?? 0) + 1);
    const delivered = rows.filter(({ status }) => status === 'delivered');
    const missing = delivered.filter(({ delivery_id }) => !came.has(delivery_id)).length;
    const waiting = rows.filter((row) => row.status === 'pending' && row.dispatched && row.attempts > 0);
    const lost = rows.length - delivered.length - waiting.length;
    const most = Math.max(0, ...[...came.values()].map((copies) => copies - 1));
    const allowed = hitsOn(faults, ['sinks', 'postgres', 'temporal', 'worker-control', 'workers']);
    return {
      ok: delivered.length > 0 && missing + lost === 0 && most <= allowed,
      seen: `${rows.length} webhooks, ${delivered.length} delivered, ${missing} of them missing, ${waiting.length} tried again later, ${lost} given up or not sent, one at most ${most} times more (${allowed} allowed)`,
    };
  });
}

/** What the mailbox, the Slack channel and the webhook's endpoint got. */
async function readSinks({
  mailInbox = '',
  slackView = '',
  webhookSink = '',
}: Readonly<Record<string, string>>) {
  const read = async (address: string): Promise<unknown> => (await fetch(`${address}/messages`)).json();
  return {
    mails: Mails.parse(await read(mailInbox)).map(({ messageId }) => ({
      id: messageId ?? '',
      same: messageId ?? '',
    })),
    // Slack gives each copy a timestamp of its own.
    slack: SlackMessages.parse(await read(slackView)).map(({ ts, channelName, text }) => ({
      id: ts,
      same: `${channelName} ${text}`,
    })),
    webhooks: Webhooks.parse(await read(webhookSink)).map(({ webhookId }) => ({ id: webhookId })),
  };
}
