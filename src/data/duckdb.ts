import { randomUUID } from 'node:crypto';
import { copyFile, link, readdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { SQL_TOO_SLOW } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import { duckdb } from '../platform/duckdb-driver.ts';
import { eachChunk, javaScriptValue, joined, plain } from './duckdb-values.ts';
import type { SqlValue } from './duckdb-values.ts';
import { makeScratchDirectory } from './scratch-directory.ts';
import { quoteName, quoteValue } from './sql-text.ts';
import { mustBeHarmless, sqlInvalid, tablesOf } from './user-sql.ts';

const DEFAULT_MEMORY_MB = 1024;
const DEFAULT_THREADS = 2;
const DEFAULT_TIME_LIMIT_MS = 30 * 60_000;
/** DuckDB forgets an interrupt that comes just before a query begins, so a job that is over is told again and again. */
const INTERRUPT_EVERY_MS = 100;
/** What queries beyond the memory limit may spill to disk. */
const MAX_SPILL = '20GB';
/** What SQL from a spec may hand over row by row; more belongs in a table. */
const MAX_USER_ROWS = 10_000;

export interface DuckDbOptions {
  /** A scratch directory is made in here for each job, and removed with it. */
  readonly directory: string;
  readonly memoryMb?: number;
  readonly threads?: number;
  /** For the job as a whole. */
  readonly timeLimitMs?: number;
  readonly signal?: AbortSignal;
}

export type SqlRow = Readonly<Record<string, SqlValue>>;

/** One job's in-memory database. Trusted SQL runs before and after `seal`; SQL from a spec only after it. */
export interface DuckDbSession {
  /** The job's scratch directory: the only place where sealed SQL of the product may write files. */
  readonly directory: string;
  /** Runs trusted SQL. */
  run(sql: string): Promise<void>;
  /** Rows of trusted SQL, whose shape the caller knows: integers as numbers, timestamps as Dates, lists as arrays. */
  rows<T extends object = SqlRow>(sql: string): Promise<T[]>;
  /** Columns of trusted SQL of numbers and booleans, in the order of the rows: for answers too long for an object a row. NULL is NaN. */
  numbers(sql: string): Promise<Float64Array[]>;
  /**
   * The same for answers too long to be held: `visit` gets the columns of some thousand rows at a time, in arrays that
   * are filled again afterwards.
   */
  scan(sql: string, visit: (columns: readonly Float64Array[]) => void): Promise<void>;
  /** Links a file into the scratch directory, so that evicting it from a cache can't disturb the job. */
  adopt(path: string): Promise<string>;
  /**
   * From here on nothing but the scratch directory, and files that links in it lead to, can be read or written, and no
   * setting can be changed.
   */
  seal(): Promise<void>;
  /**
   * Makes a temporary table of the rows of one SELECT statement that came from a spec. Seals first.
   * @throws PerennialError SQL_INVALID with DuckDB's message, or SQL_TOO_SLOW.
   */
  userTable(name: string, sql: string, what: string): Promise<void>;
  /**
   * The rows, at most 10,000, of one SELECT statement that holds SQL from a spec. Seals first; refuses as `userTable`
   * does. @param specChars how many of its characters come from a spec; all of them when left out
   */
  userRows<T extends object = SqlRow>(sql: string, what: string, specChars?: number): Promise<T[]>;
  columns(table: string): Promise<Column[]>;
  parquetColumns(path: string): Promise<Column[]>;
  /** The tables that SQL may read, and perhaps others; null when that can't be told: it may then read any. */
  tablesOf(sql: string): Promise<ReadonlySet<string> | null>;
}

export interface Column {
  readonly name: string;
  /** DuckDB's name of the type. */
  readonly type: string;
}

/** A row of DESCRIBE. */
export interface DescribedColumn {
  readonly column_name: string;
  readonly column_type: string;
}

/** Runs `work` on a database of its own, and removes every trace of it afterwards. */
export async function withDuckDb<T>(
  options: DuckDbOptions,
  work: (session: DuckDbSession) => Promise<T>,
): Promise<T> {
  options.signal?.throwIfAborted();
  const directory = await makeScratchDirectory(options.directory);
  let instance: DuckDBInstance | undefined;
  let connection: DuckDBConnection | undefined;
  let timer: NodeJS.Timeout | undefined;
  let interrupting: NodeJS.Timeout | undefined;
  const stop = (): void => {
    connection?.interrupt();
    interrupting ??= setInterval(() => connection?.interrupt(), INTERRUPT_EVERY_MS);
  };
  try {
    instance = await duckdb.DuckDBInstance.create(':memory:', {
      threads: String(options.threads ?? DEFAULT_THREADS),
      memory_limit: `${String(options.memoryMb ?? DEFAULT_MEMORY_MB)}MB`,
      temp_directory: join(directory, 'spill'),
      max_temp_directory_size: MAX_SPILL,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
      allow_persistent_secrets: 'false',
    });
    connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    const limitMs = options.timeLimitMs ?? DEFAULT_TIME_LIMIT_MS;
    const job = new Session(connection, directory, limitMs, options.signal);
    timer = setTimeout(() => {
      job.expire();
      stop();
    }, limitMs);
    options.signal?.addEventListener('abort', stop, { once: true });
    return await work(job);
  } finally {
    clearTimeout(timer);
    clearInterval(interrupting);
    options.signal?.removeEventListener('abort', stop);
    connection?.closeSync();
    instance?.closeSync();
    await rm(directory, { recursive: true, force: true });
  }
}

class Session implements DuckDbSession {
  readonly directory: string;
  readonly #connection: DuckDBConnection;
  readonly #limitMs: number;
  readonly #signal: AbortSignal | undefined;
  #expired = false;
  #sealed = false;

  constructor(
    connection: DuckDBConnection,
    directory: string,
    limitMs: number,
    signal: AbortSignal | undefined,
  ) {
    this.#connection = connection;
    this.directory = directory;
    this.#limitMs = limitMs;
    this.#signal = signal;
  }

  /** What is asked from here on is refused; what runs has to be interrupted. */
  expire(): void {
    this.#expired = true;
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    this.#signal?.throwIfAborted();
    if (this.#expired) throw this.#tooSlow();
    try {
      return await work();
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (this.#expired) throw this.#tooSlow();
      throw error;
    }
  }

  #tooSlow(): PerennialError {
    const seconds = Math.round(this.#limitMs / 1000);
    return new PerennialError(SQL_TOO_SLOW, `the queries of one job took over ${String(seconds)} s`);
  }

  async run(sql: string): Promise<void> {
    await this.#guard(() => this.#connection.run(sql));
  }

  async rows<T extends object = SqlRow>(sql: string): Promise<T[]> {
    return this.#guard(async () => {
      const reader = await this.#connection.runAndReadAll(sql);
      return reader.convertRowObjects(javaScriptValue).map((row) => plain(row) as T);
    });
  }

  async numbers(sql: string): Promise<Float64Array[]> {
    return this.#guard(async () => {
      const result = await this.#connection.stream(sql);
      const parts: Float64Array[][] = Array.from({ length: result.columnCount }, () => []);
      await eachChunk(result, (columns) => columns.forEach((values, i) => parts[i]?.push(values.slice())));
      return parts.map(joined);
    });
  }

  async scan(sql: string, visit: (columns: readonly Float64Array[]) => void): Promise<void> {
    await this.#guard(async () => eachChunk(await this.#connection.stream(sql), visit));
  }

  async adopt(path: string): Promise<string> {
    const own = join(this.directory, `input-${randomUUID()}`);
    await link(path, own).catch(() => copyFile(path, own));
    return own;
  }

  async seal(): Promise<void> {
    if (this.#sealed) return;
    await this.run(`SET allowed_directories = [${quoteValue(`${this.directory}/`)}]`);
    const linked = (await this.#linkedFiles()).map(quoteValue).join(', ');
    await this.run(`SET allowed_paths = [${linked}]`);
    await this.run('SET enable_external_access = false');
    await this.run('SET lock_configuration = true');
    this.#sealed = true;
  }

  /** What trusted code has linked into the scratch directory: DuckDB looks at where a link leads. */
  async #linkedFiles(): Promise<string[]> {
    const entries = await readdir(this.directory, { withFileTypes: true });
    const links = entries.filter((entry) => entry.isSymbolicLink());
    return Promise.all(links.map((entry) => realpath(join(this.directory, entry.name))));
  }

  async userTable(name: string, sql: string, what: string): Promise<void> {
    await this.#user(sql, sql.length, what, () => this.run(`CREATE TEMP TABLE ${quoteName(name)} AS ${sql}`));
  }

  async userRows<T extends object = SqlRow>(sql: string, what: string, specChars = sql.length): Promise<T[]> {
    return this.#user(sql, specChars, what, () => this.#boundedRows<T>(sql));
  }

  async #boundedRows<T extends object>(sql: string): Promise<T[]> {
    return this.#guard(async () => {
      const reader = await this.#connection.streamAndReadUntil(sql, MAX_USER_ROWS + 1);
      if (reader.currentRowCount > MAX_USER_ROWS)
        throw new Error(`more than ${String(MAX_USER_ROWS)} rows; they don't fit here`);
      return reader.convertRowObjects(javaScriptValue).map((row) => plain(row) as T);
    });
  }

  async #user<T>(sql: string, specChars: number, what: string, work: () => Promise<T>): Promise<T> {
    await this.seal();
    try {
      await this.#guard(() => mustBeHarmless(this, this.#connection, sql, specChars));
      return await work();
    } catch (error) {
      if (error instanceof PerennialError || this.#signal?.aborted) throw error;
      throw sqlInvalid(what, error);
    }
  }

  async columns(table: string): Promise<Column[]> {
    return this.#described(quoteName(table));
  }

  async parquetColumns(path: string): Promise<Column[]> {
    return this.#described(`SELECT * FROM read_parquet(${quoteValue(path)})`);
  }

  async #described(sql: string): Promise<Column[]> {
    const rows = await this.rows<DescribedColumn>(`DESCRIBE ${sql}`);
    return rows.map((row) => ({ name: row.column_name, type: row.column_type }));
  }

  async tablesOf(sql: string): Promise<ReadonlySet<string> | null> {
    return tablesOf(this, sql);
  }
}
