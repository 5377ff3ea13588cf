import type { SqlValue } from '../duckdb-values.ts';
import type { DuckDbSession, SqlRow } from '../duckdb.ts';

const COUNTED = 'perennial_counted';

interface Waiting {
  readonly aggregates: readonly string[];
  readonly where: string;
  readonly what: string;
  readonly resolve: (values: SqlValue[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the aggregates that judges ask for at the same time and answers them by one pass over the batch for each
 * row condition. One query runs at a time: a connection can do no more.
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
      this.#waiting.push({ aggregates, where: scopeSql(where), what, resolve, reject });
    });
  }

  /** The rows of any other query, in turn with the passes. */
  rows<T extends object>(sql: string, what: string): Promise<T[]> {
    const answer = this.#last.then(() => this.#session.userRows<T>(sql, what));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  /** How many rows a query has, however many, and the first of them; in turn with the passes. */
  counted(
    sql: string,
    samples: number,
    what: string,
  ): Promise<{ readonly count: number; readonly rows: SqlRow[] }> {
    const answer = this.#last.then(async () => {
      await this.#session.userTable(COUNTED, sql, what);
      const [found] = await this.#session.rows<{ n: number }>(`SELECT count(*) AS n FROM ${COUNTED}`);
      const rows = await this.#session.rows(`SELECT * FROM ${COUNTED} LIMIT ${String(samples)}`);
      await this.#session.run(`DROP TABLE ${COUNTED}`);
      return { count: found?.n ?? 0, rows };
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const byScope = new Map<string, Waiting[]>();
    for (const one of waiting) byScope.set(one.where, [...(byScope.get(one.where) ?? []), one]);
    for (const group of byScope.values()) await this.#pass(group);
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
      const [only, another] = group;
      if (only && !another) only.reject(error);
      // One wrong expression fails the whole pass: asked alone, each answers for itself.
      else for (const one of group) await this.#pass([one]);
    }
  }

  async #values(group: readonly Waiting[]): Promise<SqlValue[]> {
    const aggregates = group.flatMap((one) => one.aggregates);
    const list = aggregates.map((sql, i) => `${sql} AS a${String(i)}`).join(', ');
    const [row] = await this.rows<Record<string, SqlValue>>(
      `SELECT ${list} FROM ${this.#table} WHERE ${group[0]?.where ?? 'true'}`,
      group.map((one) => one.what).join(', '),
    );
    return aggregates.map((_, i) => row?.[`a${String(i)}`] ?? null);
  }
}

/** A condition from a spec as part of a statement; a comment in it must not swallow what follows. */
export function scopeSql(where: string | undefined): string {
  return where === undefined ? 'true' : `(${where}\n)`;
}
