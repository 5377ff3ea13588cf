import type { DuckDbSession } from '../duckdb.ts';
import { quoteName } from '../sql-text.ts';

const COLUMNS_PER_QUERY = 500;
/** Above this a double does not tell neighbouring integers apart. */
const MAX_EXACT_INTEGER = 2 ** 53;

export interface Narrowing {
  /** Columns of doubles that hold integers throughout. */
  readonly integers: ReadonlySet<string>;
  /** Of these, those that are too large for doubles and have lost digits. */
  readonly large: readonly string[];
  /** Columns of timestamps that are midnights throughout. */
  readonly days: ReadonlySet<string>;
}

/** Which columns that looked like integers or days, and were read with room to spare, are just that. */
export async function findNarrow(
  session: DuckDbSession,
  table: string,
  looked: { readonly integers: readonly string[]; readonly days: readonly string[] },
): Promise<Narrowing> {
  const integers = new Set<string>();
  const days = new Set<string>();
  const large: string[] = [];
  const columns = [
    ...looked.integers.map((name) => ({ name, day: false })),
    ...looked.days.map((name) => ({ name, day: true })),
  ];
  for (let at = 0; at < columns.length; at += COLUMNS_PER_QUERY) {
    const part = columns.slice(at, at + COLUMNS_PER_QUERY);
    const list = part.flatMap(({ name, day }, i) => {
      const column = quoteName(name);
      const whole = day ? `${column} = date_trunc('day', ${column})` : `${column} = trunc(${column})`;
      const most = day ? '0' : `coalesce(max(abs(${column})), 0)`;
      return [`coalesce(bool_and(${whole}), true) AS whole${String(i)}`, `${most} AS most${String(i)}`];
    });
    const [row] = await session.rows<Record<string, number | boolean>>(
      `SELECT ${list.join(', ')} FROM ${quoteName(table)}`,
    );
    part.forEach(({ name, day }, i) => {
      const most = Number(row?.[`most${String(i)}`]);
      if (row?.[`whole${String(i)}`] !== true || !Number.isFinite(most)) return;
      (day ? days : integers).add(name);
      if (most > MAX_EXACT_INTEGER) large.push(name);
    });
  }
  return { integers, large, days };
}
