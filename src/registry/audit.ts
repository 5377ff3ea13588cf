import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Queryable, Transaction } from './database.ts';
import { enqueueWebhooks } from './webhook-outbox.ts';

export interface NewAuditEvent {
  readonly actor: string;
  /** Past tense, such as `champion.changed`. */
  readonly action: string;
  readonly model?: string;
  readonly environment?: string;
  readonly version?: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface AuditEvent extends NewAuditEvent {
  readonly seq: number;
  readonly at: string;
  readonly previousHash: string;
  readonly hash: string;
}

const AUDIT_LOCK = 7_236_002;
const FIRST_HASH = '0'.repeat(64);

function hashOf(event: Omit<AuditEvent, 'hash'>): string {
  return createHash('sha256').update(canonicalJson(event)).digest('hex');
}

/**
 * Appends one event to the chain, in the caller's transaction, so that a change and its record commit together.
 * Writers queue on an advisory lock until commit: the chain has no forks and no gaps. Webhooks that tell the event
 * are written with it.
 */
export async function appendAudit(tx: Transaction, event: NewAuditEvent): Promise<AuditEvent> {
  await tx.query('SELECT pg_advisory_xact_lock($1)', [AUDIT_LOCK]);
  const { rows } = await tx.query<{ seq: number; hash: string; at: Date }>(
    `SELECT coalesce(max(seq), 0)::int AS seq, clock_timestamp() AS at,
            coalesce((SELECT hash FROM audit_events ORDER BY seq DESC LIMIT 1), $1) AS hash FROM audit_events`,
    [FIRST_HASH],
  );
  const last = rows[0];
  if (!last) throw new Error('an aggregate always returns a row');
  // A round trip through JSON: what is hashed is what will be read back.
  const data = JSON.parse(JSON.stringify(event.data)) as Record<string, unknown>;
  const body = { ...event, data, seq: last.seq + 1, at: last.at.toISOString(), previousHash: last.hash };
  const full: AuditEvent = { ...body, hash: hashOf(body) };
  await tx.query(
    `INSERT INTO audit_events (seq, at, actor, action, model, environment, version, data, previous_hash, hash)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      full.seq,
      full.at,
      full.actor,
      full.action,
      full.model ?? null,
      full.environment ?? null,
      full.version ?? null,
      JSON.stringify(data),
      full.previousHash,
      full.hash,
    ],
  );
  await enqueueWebhooks(tx, full);
  return full;
}

export type AuditCheck =
  | { readonly kind: 'whole'; readonly events: number; readonly head: string }
  | { readonly kind: 'broken'; readonly atSeq: number; readonly reason: string };

/** Walks the whole chain in batches and recomputes each hash. */
export async function verifyAudit(db: Queryable, batchSize = 1000): Promise<AuditCheck> {
  let previous = FIRST_HASH;
  let seq = 0;
  for (;;) {
    const { rows } = await db.query<{
      seq: number;
      at: Date;
      actor: string;
      action: string;
      model: string | null;
      environment: string | null;
      version: number | null;
      data: Record<string, unknown>;
      previous_hash: string;
      hash: string;
    }>('SELECT * FROM audit_events WHERE seq > $1 ORDER BY seq LIMIT $2', [seq, batchSize]);
    if (rows.length === 0) return { kind: 'whole', events: seq, head: previous };
    for (const row of rows) {
      seq += 1;
      if (row.seq !== seq) return { kind: 'broken', atSeq: seq, reason: `event ${seq} is missing` };
      if (row.previous_hash !== previous)
        return { kind: 'broken', atSeq: seq, reason: 'does not follow from the event before it' };
      const body = {
        actor: row.actor,
        action: row.action,
        data: row.data,
        seq,
        at: row.at.toISOString(),
        previousHash: row.previous_hash,
        ...(row.model === null ? {} : { model: row.model }),
        ...(row.environment === null ? {} : { environment: row.environment }),
        ...(row.version === null ? {} : { version: row.version }),
      };
      if (hashOf(body) !== row.hash)
        return { kind: 'broken', atSeq: seq, reason: 'was changed after it was written' };
      previous = row.hash;
    }
  }
}
