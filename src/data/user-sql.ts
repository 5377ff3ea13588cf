import type { DuckDBConnection } from '@duckdb/node-api';
import { SQL_INVALID } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import { checkUserSql, MAX_SQL_CHARS, MAX_STATEMENT_CHARS } from './check-user-sql.ts';
import type { DuckDbSession } from './duckdb.ts';
import { withoutScratchPaths } from './scratch-directory.ts';
import { quoteValue } from './sql-text.ts';

interface SyntaxTree {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly statements?: readonly unknown[];
}

type Session = Pick<DuckDbSession, 'rows'>;

/**
 * One SELECT has no effects but its rows, so text that was put together around it can't do more either. It is judged
 * by its syntax tree alone: some table functions act, or end the whole process, as soon as they are bound.
 * @param specChars how much of it is text of a spec
 * @throws Error that says what is wrong
 */
export async function mustBeHarmless(
  session: Session,
  parser: Pick<DuckDBConnection, 'extractStatements'>,
  sql: string,
  specChars: number,
): Promise<void> {
  mustBeShort(specChars, MAX_SQL_CHARS);
  mustBeShort(sql.length, MAX_STATEMENT_CHARS);
  const tree = await treeOf(session, sql);
  if (tree.error) throw new Error(await whyNoTree(parser, sql, tree));
  if (tree.statements?.length !== 1) {
    throw new Error(`one SELECT statement is allowed, found ${String(tree.statements?.length ?? 0)}`);
  }
  const problem = checkUserSql(tree.statements, await tableNames(session));
  if (problem !== null) throw new Error(problem);
}

function mustBeShort(chars: number, most: number): void {
  if (chars > most) throw new Error(`${String(chars)} characters of SQL; at most ${String(most)} are taken`);
}

/** The tables that SQL may read, and perhaps others; null when that can't be told: it may then read any. */
export async function tablesOf(session: Session, sql: string): Promise<ReadonlySet<string> | null> {
  const tree = await treeOf(session, sql);
  if (tree.error) return null;
  const names = new Set<string>();
  return collectTables(tree, names) ? names : null;
}

/** DuckDB's own message says what and where; its paths are the job's scratch files and say nothing. */
export function sqlInvalid(what: string, error: unknown): PerennialError {
  const message = error instanceof Error ? error.message : String(error);
  return new PerennialError(SQL_INVALID, `${what}: ${withoutScratchPaths(message).trim()}`, {
    details: { what },
  });
}

async function treeOf(session: Session, sql: string): Promise<SyntaxTree> {
  const [row] = await session.rows<{ tree: string }>(`SELECT json_serialize_sql(${quoteValue(sql)}) AS tree`);
  return JSON.parse(row?.tree ?? '{"error":true}') as SyntaxTree;
}

/** Parsing alone says where a syntax error is. */
async function whyNoTree(
  parser: Pick<DuckDBConnection, 'extractStatements'>,
  sql: string,
  tree: SyntaxTree,
): Promise<string> {
  if (tree.error_type === 'parser') {
    const parsed = await parser.extractStatements(sql).then(
      () => null,
      (error: unknown) => error,
    );
    if (parsed instanceof Error) return parsed.message;
  }
  return `one SELECT statement is allowed; ${tree.error_message ?? 'this is something else'}`;
}

async function tableNames(session: Session): Promise<ReadonlySet<string>> {
  const rows = await session.rows<{ name: string }>(
    `SELECT lower(table_name) AS name FROM duckdb_tables() WHERE NOT internal
     UNION SELECT lower(view_name) FROM duckdb_views() WHERE NOT internal`,
  );
  return new Set(rows.map((row) => row.name));
}

/** Walks DuckDB's syntax tree. @returns false where tables are named in a way that the tree doesn't show */
function collectTables(node: unknown, names: Set<string>): boolean {
  if (typeof node !== 'object' || node === null) return true;
  if ('table_name' in node && typeof node.table_name === 'string') names.add(node.table_name);
  if ('function_name' in node && /^query(_table)?$/i.test(String(node.function_name))) return false;
  return Object.values(node).every((part) => collectTables(part, names));
}
