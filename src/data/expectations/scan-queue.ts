import type { SqlValue } from '../duckdb-values.ts';
import type { DuckDbSession, SqlRow } from '../duckdb.ts';

const COUNTED = 'perennial_counted';
/** Of the aggregates of one pass: the plan of more grows with their square, and takes longer than another pass. */
const MAX_PASS_CHARS = 100_000;

interface Waiting {
  readonly aggregates: readonly string[];
  readonly where: string | undefined;
  readonly what: string;
  readonly resolve: (values: SqlValue[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the aggregates that judges ask for at the same time and answers them by one pass over the batch for each
 * row condition, by some where they are very many. One query runs at a time: a connection can do no more.
 */
export class ScanQueue {
  readonly #session: DuckDbSession;
  readonly #table: string;
  #waiting: Waiting[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(session: DuckDbSession, table: string) {
    this.#session = session;
    this.#table = table;
  }

  /**
   * The values of SQL aggregates over the rows for which `where` holds.
   * @param what names the asker in an error
   * @throws PerennialError SQL_INVALID where the SQL does not run
   */
  ask(aggregates: readonly string[], where: string | undefined, what: string): Promise<SqlValue[]> {
    return new Promise((resolve, reject) => {
      // By the next turn of the event loop every judge that can go on has asked.
      if (this.#waiting.length === 0) setImmediate(() => void this.#flush());
      this.#waiting.push({ aggregates, where, what, resolve, reject });
    });
  }

  /** The rows of any other query, in which `where` is all that a spec wrote; in turn with the passes. */
  rows<T extends object>(sql: string, where: string | undefined, what: string): Promise<T[]> {
    return this.#inTurn(() => this.#session.userRows<T>(sql, what, specChars(sql, where)));
  }

  /** The rows of a query of which a spec wrote nothing, in turn with the passes. */
  trusted<T extends object>(sql: string): Promise<T[]> {
    return this.#inTurn(() => this.#session.rows<T>(sql));
  }

  /** How many rows a query has, however many, and the first of them; in turn with the passes. */
  counted(
    sql: string,
    samples: number,
    what: string,
  ): Promise<{ readonly count: number; readonly rows: SqlRow[] }> {
    return this.#inTurn(async () => {
      await this.#session.userTable(COUNTED, sql, what);
      const [found] = await this.#session.rows<{ n: number }>(`SELECT count(*) AS n FROM ${COUNTED}`);
      const rows = await this.#session.rows(`SELECT * FROM ${COUNTED} LIMIT ${String(samples)}`);
      await this.#session.run(`DROP TABLE ${COUNTED}`);
      return { count: found?.n ?? 0, rows };
    });
  }

  #inTurn<T>(query: () => Promise<T>): Promise<T> {
    const answer = this.#last.then(query);
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const byScope = new Map<string | undefined, Waiting[]>();
    for (const one of waiting) {
      const group = byScope.get(one.where);
      if (group) group.push(one);
      else byScope.set(one.where, [one]);
    }
    for (const group of byScope.values()) for (const part of shortParts(group)) await this.#pass(part);
  }

  async #pass(group: readonly Waiting[]): Promise<void> {
    try {
      const values = await this.#values(group);
      let from = 0;
      for (const { aggregates, resolve } of group) {
        resolve(values.slice(from, from + aggregates.length));
        from += aggregates.length;
      }
    } catch (error) {
      const half = Math.floor(group.length / 2);
      if (half === 0) group[0]?.reject(error);
      // One wrong expression fails the whole pass: halved until it is alone, it answers for itself.
      else for (const part of [group.slice(0, half), group.slice(half)]) await this.#pass(part);
    }
  }

  async #values(group: readonly Waiting[]): Promise<SqlValue[]> {
    const aggregates = group.flatMap((one) => one.aggregates);
    const list = aggregates.map((sql, i) => `${sql} AS a${String(i)}`).join(', ');
    const [row] = await this.rows<Record<string, SqlValue>>(
      `SELECT ${list} FROM ${this.#table} WHERE ${scopeSql(group[0]?.where)}`,
      group[0]?.where,
      group.map((one) => one.what).join(', '),
    );
    return aggregates.map((_, i) => row?.[`a${String(i)}`] ?? null);
  }
}

/** A condition from a spec as part of a statement; a comment in it must not swallow what follows. */
export function scopeSql(where: string | undefined): string {
  return where === undefined ? 'true' : `(${where}\n)`;
}

/** Text of a spec in a statement: its condition, as often as it stands there. */
function specChars(sql: string, where: string | undefined): number {
  if (where === undefined) return 0;
  const scope = scopeSql(where);
  return (sql.split(scope).length - 1) * scope.length;
}

/** Parts of a group, each of aggregates that are not too long together. */
function shortParts(group: readonly Waiting[]): Waiting[][] {
  const parts: Waiting[][] = [];
  let chars = Infinity;
  for (const one of group) {
    const own = one.aggregates.join().length;
    chars += own;
    if (chars > MAX_PASS_CHARS) {
      parts.push([]);
      chars = own;
    }
    parts.at(-1)?.push(one);
  }
  return parts;
}
