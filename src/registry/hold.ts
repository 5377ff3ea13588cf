import type { Database, Transaction } from './database.ts';

/** The spaces of names that can be held; one number each, for PostgreSQL's advisory locks. */
export const HOLD = { source: 7_236_101, features: 7_236_102 } as const;

/** One session of the registry that holds a name. Losing the session loses hold and transaction together. */
export interface Hold {
  readonly connection: Transaction;
  /** Commits all of `work`, or nothing. It fails when the hold was lost. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
}

/** Runs `work` while nobody else holds the name, in this process or another; waits for its turn. */
export async function withHold<T>(
  db: Database,
  space: keyof typeof HOLD,
  name: string,
  work: (hold: Hold) => Promise<T>,
): Promise<T> {
  const connection = await db.connect();
  const lock = [HOLD[space], name];
  let broken: Error | undefined;
  try {
    await connection.query('SELECT pg_advisory_lock($1, hashtext($2))', lock);
    return await work({
      connection,
      async transaction(steps) {
        await connection.query('BEGIN');
        try {
          const result = await steps(connection);
          await connection.query('COMMIT');
          return result;
        } catch (error) {
          await connection.query('ROLLBACK').catch((rollbackError: Error) => (broken = rollbackError));
          throw error;
        }
      },
    });
  } finally {
    await connection
      .query('SELECT pg_advisory_unlock($1, hashtext($2))', lock)
      .catch((unlockError: Error) => (broken = unlockError));
    connection.release(broken);
  }
}
