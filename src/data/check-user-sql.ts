import { nearestName } from '../domain/nearest-name.ts';

/** Table functions that make rows of nothing but their arguments. */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'generate_series',
  'json_each',
  'json_tree',
  'range',
  'repeat',
  'repeat_row',
  'unnest',
]);

/** Functions with an effect or a view beyond the query: settings, the log, waiting. */
const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set([
  'current_connection_id',
  'current_query_id',
  'current_setting',
  'currval',
  'getvariable',
  'nextval',
  'pg_conf_load_time',
  'pg_postmaster_start_time',
  'pg_sleep',
  'sleep_ms',
  'write_log',
]);
const INTERNAL_FUNCTION = /^(__internal_|duckdb_|pragma_|icu_collate_)/;

/** Of a spec's own text: beyond this, DuckDB's planner takes minutes that no interruption ends. */
export const MAX_SQL_CHARS = 100_000;
/** Of a statement with what the product put around it, such as lists of values: its tree is thirteen times as long. */
export const MAX_STATEMENT_CHARS = 2_000_000;

type Scope = ReadonlySet<string>;

/**
 * Judges a SELECT statement of a spec by DuckDB's syntax tree (`json_serialize_sql`), before DuckDB binds it: binding
 * already calls table functions. Beside the tables of the session it may name only what it defines itself.
 * @param tables names of the session's own tables and views, in lower case
 * @returns why it is refused, or null
 */
export function checkUserSql(tree: unknown, tables: ReadonlySet<string>): string | null {
  return judge(tree, tables);
}

function judge(node: unknown, scope: Scope): string | null {
  if (typeof node !== 'object' || node === null) return null;
  if (Array.isArray(node)) return firstProblem(node, scope);
  const part = node as Readonly<Record<string, unknown>>;
  const own = problemOf(part, scope);
  if (own !== null) return own;
  const { cte_map: ctes, ...rest } = part;
  const inner = judgeCtes(ctes, scope);
  if (typeof inner === 'string') return inner;
  const isRecursive = part['type'] === 'RECURSIVE_CTE_NODE' && typeof part['cte_name'] === 'string';
  const visible = isRecursive ? withName(inner, String(part['cte_name'])) : inner;
  return firstProblem(Object.values(rest), visible);
}

function firstProblem(parts: readonly unknown[], scope: Scope): string | null {
  for (const part of parts) {
    const problem = judge(part, scope);
    if (problem !== null) return problem;
  }
  return null;
}

/** Each CTE sees those before it; only a recursive one sees itself. @returns the scope after them, or a problem */
function judgeCtes(ctes: unknown, scope: Scope): Scope | string {
  const map = (ctes as { readonly map?: unknown } | undefined)?.map;
  if (!Array.isArray(map)) return scope;
  let visible = scope;
  for (const { key, value } of map as readonly { readonly key: string; readonly value: unknown }[]) {
    const problem = judge(value, visible);
    if (problem !== null) return problem;
    visible = withName(visible, key);
  }
  return visible;
}

function withName(scope: Scope, name: string): Scope {
  return new Set([...scope, name.toLowerCase()]);
}

function problemOf(part: Readonly<Record<string, unknown>>, scope: Scope): string | null {
  switch (part['type']) {
    case 'SHOW_REF':
      return 'only SELECT is allowed, found SHOW, DESCRIBE or SUMMARIZE';
    case 'BASE_TABLE':
      return tableProblem(part, scope);
    case 'TABLE_FUNCTION': {
      const name = nameOf((part['function'] as Readonly<Record<string, unknown>> | null) ?? {});
      return TABLE_FUNCTIONS.has(name)
        ? null
        : `the table function ${name} is not allowed; allowed are ${[...TABLE_FUNCTIONS].join(', ')}`;
    }
    default: {
      const name = nameOf(part);
      return REFUSED_FUNCTIONS.has(name) || INTERNAL_FUNCTION.test(name)
        ? `the function ${name} is not allowed`
        : null;
    }
  }
}

function nameOf(part: Readonly<Record<string, unknown>>): string {
  const name = part['function_name'];
  return typeof name === 'string' ? name.toLowerCase() : '';
}

/** A name that is no table would be looked for among DuckDB's own views and as a file. */
function tableProblem(part: Readonly<Record<string, unknown>>, scope: Scope): string | null {
  const name = String(part['table_name']);
  const schema = String(part['schema_name']);
  const catalog = String(part['catalog_name']);
  if (catalog !== '' || !['', 'main', 'temp'].includes(schema.toLowerCase()))
    return `tables are named without a schema, found ${[catalog, schema, name].filter((p) => p !== '').join('.')}`;
  if (scope.has(name.toLowerCase())) return null;
  const known = [...scope].sort();
  const near = nearestName(name, known);
  return `there is no table "${name}"${near === null ? '' : `; did you mean "${near}"?`} There are ${known.join(', ') || 'none'}`;
}
