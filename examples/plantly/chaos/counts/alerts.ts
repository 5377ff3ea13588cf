import { lifecycleId } from '../../../../src/contracts/workflows/ids.ts';
import type { Span } from '../inject-faults.ts';
import type { Aftermath, Count } from './aftermath.ts';
import { eventually } from './aftermath.ts';
import { hitsOn, toldAgain, toldBy, unexplainedCopies } from './copies.ts';
import type { Told } from './copies.ts';
import { readSinks } from './sinks.ts';

const CHANNELS = 2;

/** Every notice and every webhook reached all that it names, and came again only where a fault was in its way. */
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

function arrivedOnce(after: Aftermath): Promise<Count> {
  const { db, faults } = after;
  const promise = 'alerts: every delivery arrived, and none again but for a fault in its way';
  return eventually(after, promise, async () => {
    const { rows } = await db.query<{ key: string; channel: string; id: string; at: Date }>(
      'SELECT key, channel, external_id AS id, at FROM deliveries',
    );
    const received = await readSinks(after);
    const looks = [
      { channel: 'email', link: 'smtp', arrivals: received.mails },
      { channel: 'slack', link: 'slack', arrivals: received.slack },
    ].map(({ channel, link, arrivals }) => {
      const notes = rows
        .filter((row) => row.channel === channel)
        .map(({ key, id, at }) => ({ key, id, at: at.getTime() }));
      const arrived = new Set(arrivals.map(({ id }) => id));
      const missing = notes.filter(({ id }) => !arrived.has(id)).length;
      const { told, unnoted } = toldBy(arrivals, notes);
      const hits = hitsOn(faults, [link, 'sinks', 'postgres', 'worker-control', 'workers']);
      const { copies, unexplained } = copiesOf(told, hits);
      const again = toldAgain(arrivals, notes);
      return {
        ok: notes.length > 0 && missing + unnoted + unexplained + again.length === 0,
        seen: `${notes.length} by ${channel}: ${missing} missing, ${unnoted} not noted, ${again.length} under two keys${again.map((key) => ` ${key}`).join('')}, ${copies} came again, ${unexplained} without a fault in the way`,
      };
    });
    return { ok: looks.every(({ ok }) => ok), seen: looks.map(({ seen }) => seen).join('; ') };
  });
}

function copiesOf(
  told: readonly Told[],
  hits: readonly Span[],
): { readonly copies: number; readonly unexplained: number } {
  return {
    copies: told.reduce((sum, { came }) => sum + Math.max(0, came.length - 1), 0),
    unexplained: told.reduce((sum, one) => sum + unexplainedCopies(one, hits), 0),
  };
}

function webhooksDelivered(after: Aftermath): Promise<Count> {
  const { db, faults } = after;
  const promise = 'webhooks: each arrived or is tried again, and none again but for a fault in its way';
  return eventually(after, promise, async () => {
    const { rows } = await db.query<{
      delivery_id: string;
      status: string;
      dispatched: boolean;
      attempts: readonly number[];
    }>(
      `SELECT w.delivery_id, w.status, w.dispatched_at IS NOT NULL AS dispatched,
              coalesce(array_agg(1000 * extract(epoch FROM a.at)::float8) FILTER (WHERE a.id IS NOT NULL), '{}') AS attempts
         FROM outgoing_webhooks w LEFT JOIN outgoing_webhook_attempts a USING (delivery_id) GROUP BY w.delivery_id`,
    );
    const { webhooks } = await readSinks(after);
    const told = rows.map(({ delivery_id, attempts }) => ({
      came: webhooks.filter(({ id }) => id === delivery_id).map(({ at }) => at),
      noted: attempts,
    }));
    const delivered = rows.filter(({ status }) => status === 'delivered');
    const missing = delivered.filter(
      ({ delivery_id }) => !webhooks.some(({ id }) => id === delivery_id),
    ).length;
    const waiting = rows.filter(
      (row) => row.status === 'pending' && row.dispatched && row.attempts.length > 0,
    );
    const lost = rows.length - delivered.length - waiting.length;
    const hits = hitsOn(faults, ['sinks', 'postgres', 'temporal', 'worker-control', 'workers']);
    const { copies, unexplained } = copiesOf(told, hits);
    return {
      ok: delivered.length > 0 && missing + lost + unexplained === 0,
      seen: `${rows.length} webhooks, ${delivered.length} delivered, ${missing} of them missing, ${waiting.length} tried again later, ${lost} given up or not sent, ${copies} came again, ${unexplained} without a fault in the way`,
    };
  });
}
