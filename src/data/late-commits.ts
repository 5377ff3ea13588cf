import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

/** How far a table has been read. Watermarks are text that PostgreSQL reads back exactly. */
export interface PostgresPosition {
  readonly kind: 'postgres';
  /** From here on, this value included, rows are read the next time; null: from the first. */
  readonly watermark: string | null;
  /** How far the table reached beyond it; below that, rows may still appear. */
  readonly unsettled?: Unsettled;
}

interface Unsettled {
  readonly watermark: string;
  /** The transactions that ran when it was the largest: each may have taken a lower value and not committed yet. */
  readonly running: readonly string[];
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** The largest watermark of a table, and the transactions that were running after that had been looked up. */
export interface Look {
  readonly newest: string | null;
  readonly running: readonly string[];
}

/** For how long a transaction keeps rows from counting as read for good: where it runs longer, its late rows are not seen. */
export const REREAD_FOR_MS = 15 * 60_000;
/** The same where the rows are not read at all until then. */
export const HELD_BACK_FOR_MS = 60_000;
/**
 * Before a watermark that is a time, rows may appear of which no transaction tells: an application stamps them and
 * begins to write them afterwards. So much before it is always read again; SQL of PostgreSQL and of DuckDB.
 */
export const STAMPED_BEFORE = "interval '1 minute'";
/** Transactions that end soon are waited for, lest much be read again or left for the next reading. */
const WAIT_MS = 2_000;
const ASK_EVERY_MS = 50;

/**
 * The position after a reading that began at `before`, whose snapshot was taken after `look`. A row below the largest
 * watermark that appears later belongs to a transaction that was running then: once a reading began after all of these
 * had ended, nothing below is missing.
 */
export function settledPosition(
  before: PostgresPosition | null,
  look: Look,
  nowMs: number,
  patienceMs: number,
): PostgresPosition {
  const start = before?.watermark ?? null;
  if (look.newest === null || look.newest === start) return { kind: 'postgres', watermark: start };
  if (look.running.length === 0) return { kind: 'postgres', watermark: look.newest };
  const fresh: Unsettled = { watermark: look.newest, running: look.running, sinceMs: nowMs };
  const old = before?.unsettled;
  if (!old) return { kind: 'postgres', watermark: start, unsettled: fresh };
  const isSettled = nowMs - old.sinceMs > patienceMs || !old.running.some((id) => look.running.includes(id));
  return isSettled
    ? { kind: 'postgres', watermark: old.watermark, unsettled: fresh }
    : { kind: 'postgres', watermark: start, unsettled: old };
}

/** To be called before the reading's own transaction begins. `newest` is asked first: what runs afterwards is all that matters. */
export async function lookAround(
  client: pg.Client,
  newest: () => Promise<string | null>,
  waits: boolean,
): Promise<Look> {
  const largest = await newest();
  let running = await runningTransactions(client);
  for (let waited = 0; waits && running.length > 0 && waited < WAIT_MS; waited += ASK_EVERY_MS) {
    await sleep(ASK_EVERY_MS);
    const still = new Set(await runningTransactions(client));
    running = running.filter((id) => still.has(id));
  }
  return { newest: largest, running };
}

/**
 * Every transaction of the database, also one that has not written yet: it may have fixed its `now()`. Readers of sources
 * write nothing. One that is prepared for its commit has no process. Those of a primary aren't seen from its replica, where
 * one always counts as running.
 */
async function runningTransactions(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT l.virtualtransaction AS id FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
      WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted AND a.pid <> pg_backend_pid()
        AND a.datname = current_database() AND a.application_name IS DISTINCT FROM current_setting('application_name')
      UNION SELECT 'prepared ' || transaction FROM pg_prepared_xacts WHERE database = current_database()
      UNION SELECT 'of the primary' WHERE pg_is_in_recovery()
      ORDER BY 1`,
  );
  return rows.map((row) => row.id);
}
