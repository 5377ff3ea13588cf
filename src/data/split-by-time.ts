import type { Training } from '../contracts/spec/training.ts';
import type { DuckDbSession } from './duckdb.ts';
import { quoteName, quoteValue } from './sql-text.ts';

interface Split {
  /** Conditions over the columns of table `spine`. */
  readonly train: string;
  readonly holdout: string;
  /** ISO time. */
  readonly splitAt: string;
}

/**
 * Conditions that put the newest share of the examples of table `spine` in the holdout, all of one time on one side; null
 * where there are no examples.
 */
export async function splitByTime(session: DuckDbSession, training: Training): Promise<Split | null> {
  const at = quoteName(training.spine.eventTime);
  const since =
    training.window === undefined
      ? 'true'
      : `epoch_ms(${at}) > (SELECT epoch_ms(max(${at})) FROM spine) - ${String(training.window)}`;
  const [counted] = await session.rows(`SELECT count(*) AS n FROM spine WHERE ${since}`);
  const n = Number(counted?.n);
  if (n === 0) return null;
  const position = Math.min(n - 1, Math.round(n * (1 - training.split.holdout)));
  const [row] = await session.rows<{ text: string; ms: number }>(
    `SELECT ${at}::VARCHAR AS text, epoch_ms(${at}) AS ms FROM spine WHERE ${since} ORDER BY ${at} OFFSET ${String(position)} LIMIT 1`,
  );
  const split = `TIMESTAMP ${quoteValue(row?.text ?? '')}`;
  return {
    train: `${since} AND ${at} < ${split} - to_milliseconds(${String(training.split.gap)})`,
    holdout: `${since} AND ${at} >= ${split}`,
    splitAt: new Date(Number(row?.ms)).toISOString(),
  };
}
