import { answerWithin, rollBack } from './database.ts';
import type { Database, Transaction } from './database.ts';

/** The spaces of names that can be held; one number each, for PostgreSQL's advisory locks. */
export const HOLD = { source: 7_236_101, features: 7_236_102 } as const;

const LOCK_NOT_AVAILABLE = '55P03';

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
  async function transaction<R>(steps: (tx: Transaction) => Promise<R>): Promise<R> {
    try {
      await connection.query('BEGIN');
      const result = await steps(connection);
      await connection.query('COMMIT');
      return result;
    } catch (error) {
      broken = await rollBack(connection, error);
      throw error;
    }
  }
  // A wait is broken off and taken up again before it would count as a connection that doesn't answer.
  const turnMs = Math.floor(answerWithin(db) / 2);
  const takenInTime = (): Promise<boolean> =>
    transaction(async (tx) => {
      // The limit ends with the transaction; the lock belongs to the session and stays.
      await tx.query("SELECT set_config('lock_timeout', $1, true)", [`${String(turnMs)}ms`]);
      await tx.query('SELECT pg_advisory_lock($1, hashtext($2))', lock);
      return true;
    }).catch((error: unknown) => {
      if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return false;
      throw error;
    });
  try {
    while (!(await takenInTime()));
    return await work({ connection, transaction });
  } finally {
    // Ending a session gives its locks back, too.
    if (broken === undefined)
      await connection
        .query('SELECT pg_advisory_unlock($1, hashtext($2))', lock)
        .catch((unlockError: Error) => (broken = unlockError));
    connection.release(broken);
  }
}
