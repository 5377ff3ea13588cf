import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { Gate } from '../contracts/spec/training.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { withDuckDb } from '../data/duckdb.ts';
import type { DuckDbSession, SqlRow } from '../data/duckdb.ts';
import { attachSources } from '../data/source-tables.ts';
import { sqlOf } from '../data/sql-of.ts';
import { quoteName, quoteValue } from '../data/sql-text.ts';
import { MAX_OFFENDING_ROWS } from '../domain/gates/assess-other-gates.ts';
import type { RuleOutcome } from '../domain/gates/assess-other-gates.ts';
import { SQL_INVALID, SQL_TOO_SLOW } from '../errors/data-errors.ts';
import { isPerennialError } from '../errors/define-error.ts';
import { currentDatasets } from '../registry/datasets.ts';
import type { EvaluationReport } from './evaluation-report.ts';
import type { EvaluationParts } from './evaluate-version.ts';
import { RECOMMENDATIONS } from './recommend.ts';
import { PREDICTIONS } from './score-holdout.ts';

type Rule = Extract<Gate, { type: 'rule' }>;

/**
 * Runs each rule over `predictions`, `recommendations` (when the evaluation made some) and the sources as they are now:
 * what has become forbidden since the evaluation counts. SQL that DuckDB refuses is an outcome, not a failure of the call.
 */
export async function runRules(
  parts: EvaluationParts,
  input: {
    readonly ref: ModelRef;
    readonly spec: ModelSpec;
    readonly rules: readonly Rule[];
    readonly report: EvaluationReport;
  },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RuleOutcome>> {
  const { ref, spec, rules, report } = input;
  if (rules.length === 0) return new Map();
  const { db, store } = parts;
  return withDuckDb({ ...parts.duckdb, signal }, async (session) => {
    await attachSources(session, store, spec.sources, await currentDatasets(db, ref));
    const tables = { [PREDICTIONS]: report.predictions, [RECOMMENDATIONS]: report.recommendations };
    for (const [name, table] of Object.entries(tables)) {
      if (table === null) continue;
      const file = await session.adopt(await store.fetchFile(table.blob));
      await session.run(`CREATE VIEW ${quoteName(name)} AS SELECT * FROM read_parquet(${quoteValue(file)})`);
    }
    const outcomes = new Map<string, RuleOutcome>();
    for (const [i, rule] of rules.entries())
      outcomes.set(rule.name, await runRule(session, rule, `rule ${i}`));
    return outcomes;
  });
}

async function runRule(session: DuckDbSession, rule: Rule, table: string): Promise<RuleOutcome> {
  try {
    const what = `gate ${rule.name}`;
    await session.userTable(table, sqlOf(rule.query, what), what);
  } catch (error) {
    if (isPerennialError(error) && (error.code === SQL_INVALID.code || error.code === SQL_TOO_SLOW.code))
      return { kind: 'failed', reason: error.message };
    throw error;
  }
  const [counted] = await session.rows(`SELECT count(*) AS n FROM ${quoteName(table)}`);
  // In one order, whichever way DuckDB found them: evidence must be the same when it is looked for again.
  const rows = await session.rows(
    `SELECT * FROM ${quoteName(table)} ORDER BY ALL LIMIT ${MAX_OFFENDING_ROWS}`,
  );
  return {
    kind: 'ran',
    count: Number(counted?.['n'] ?? 0),
    rows: rows.map(shown),
  };
}

const MAX_CELL_CHARS = 200;

/** A row as evidence: plain JSON, long texts cut, so that a report stays small enough to be sent about. */
function shown(row: SqlRow): Record<string, unknown> {
  const text = JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'string' && value.length > MAX_CELL_CHARS
      ? `${value.slice(0, MAX_CELL_CHARS)}...`
      : value,
  );
  return JSON.parse(text) as Record<string, unknown>;
}
