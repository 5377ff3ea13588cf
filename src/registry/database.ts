import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { PerennialError } from '../errors/define-error.ts';
import { MIGRATION_CHANGED, SCHEMA_TOO_NEW } from '../errors/registry-errors.ts';

/** A pool of connections to the registry. */
export type Database = pg.Pool;
/** One connection inside a transaction; only `withTransaction` makes them. */
export type Transaction = pg.PoolClient;
/** What queries run on: inside a transaction or not. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

const MIGRATIONS_FOLDER = fileURLToPath(new URL('./migrations/', import.meta.url));
const MIGRATION_LOCK = 7_236_001;
/** Also the longest wait for a free connection of the pool. */
const CONNECT_TIMEOUT_MS = 15_000;
const ANSWER_WITHIN_MS = 30_000;
/** What pg says when `query_timeout` is over. */
const PG_UNANSWERED = 'Query read timeout';
/** Another process may be migrating, and a migration may rewrite a table. */
const MIGRATION_PATIENCE_MS = 30 * 60_000;
/** A silent connection is asked for a sign of life after this long. */
const KEEPALIVE_MS = 30_000;
/** The server does the same: the locks of a machine that vanished are given back within a minute, not within hours. */
const SERVER_KEEPALIVES =
  '-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4 -c tcp_user_timeout=45000';

// bigint columns hold row counts and sizes below 2^53; numbers are what callers expect.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export interface DatabaseOptions {
  /** Connections at the most; default 10. */
  readonly poolSize?: number;
  /**
   * A query that takes longer fails, and its connection is replaced: a network that drops packets says nothing, and
   * the kernel gives such a connection up only after a quarter of an hour. Default 30 s; no query of the registry's
   * own takes longer, and who waits for a lock does so in turns.
   */
  readonly answerWithinMs?: number;
}

/** Opens a pool. A lost idle connection is logged by the caller's handler and replaced by the pool. */
export function openDatabase(
  url: string,
  onError: (error: Error) => void,
  { poolSize = 10, answerWithinMs = ANSWER_WITHIN_MS }: DatabaseOptions = {},
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    application_name: 'perennial',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_MS,
    options: SERVER_KEEPALIVES,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: answerWithinMs,
  });
  pool.on('error', onError);
  // The pool listens to idle connections only: one that is lost between two queries of its holder would end the process.
  // The holder's next query fails.
  pool.on('connect', (connection) => connection.on('error', () => undefined));
  return pool;
}

/** How long a query of this pool may take, in milliseconds. */
export function answerWithin(db: Database): number {
  return db.options.query_timeout ?? ANSWER_WITHIN_MS;
}

/** Runs `work` in one transaction: all of it is committed, or nothing. */
export async function withTransaction<T>(db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const tx = await db.connect();
  let broken: Error | undefined;
  try {
    await tx.query('BEGIN');
    const result = await work(tx);
    await tx.query('COMMIT');
    return result;
  } catch (error) {
    broken = await rollBack(tx, error);
    throw error;
  } finally {
    tx.release(broken);
  }
}

/**
 * Ends the transaction in which `error` came up. A connection that left a query unanswered is not asked again.
 * @returns why the connection is of no more use; undefined when it is fine
 */
export async function rollBack(tx: Transaction, error: unknown): Promise<Error | undefined> {
  if (error instanceof Error && error.message === PG_UNANSWERED) return error;
  return tx.query('ROLLBACK').then(
    () => undefined,
    (rollbackError: Error) => rollbackError,
  );
}

/** Applies the migrations that are missing, in order, under a lock, each in its own transaction. */
export async function migrate(db: Database, folder: string = MIGRATIONS_FOLDER): Promise<number[]> {
  const files = (await readdir(folder)).filter((name) => /^\d{4}-[\w-]+\.sql$/.test(name)).sort();
  const lock = await db.connect();
  const patiently = (text: string): pg.QueryConfig & { readonly query_timeout: number } => ({
    text,
    query_timeout: MIGRATION_PATIENCE_MS,
  });
  try {
    await lock.query(patiently(`SELECT pg_advisory_lock(${String(MIGRATION_LOCK)})`));
    await lock.query(
      'CREATE TABLE IF NOT EXISTS schema_migrations (number integer PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const { rows } = await lock.query<{ number: number; digest: string }>(
      'SELECT number, digest FROM schema_migrations',
    );
    const applied = new Map(rows.map((row) => [row.number, row.digest]));
    const newest = Math.max(0, ...files.map((name) => Number(name.slice(0, 4))));
    for (const number of applied.keys()) {
      if (number > newest)
        throw new PerennialError(
          SCHEMA_TOO_NEW,
          `the database has migration ${number}, this release knows ${newest}`,
        );
    }
    const done: number[] = [];
    for (const name of files) {
      const number = Number(name.slice(0, 4));
      const sql = await readFile(`${folder}/${name}`, 'utf8');
      const digest = createHash('sha256').update(sql).digest('hex');
      const known = applied.get(number);
      if (known !== undefined) {
        if (known !== digest)
          throw new PerennialError(MIGRATION_CHANGED, `${name} was edited after it had been applied`);
        continue;
      }
      await lock.query('BEGIN');
      try {
        await lock.query(patiently(sql));
        await lock.query('INSERT INTO schema_migrations (number, digest) VALUES ($1, $2)', [number, digest]);
        await lock.query('COMMIT');
      } catch (error) {
        await lock.query('ROLLBACK');
        throw error;
      }
      done.push(number);
    }
    return done;
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    lock.release();
  }
}
