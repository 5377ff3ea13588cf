import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { DuckDbSession } from '../data/duckdb.ts';
import { sqlOf } from '../data/sql-of.ts';
import { quoteName, quoteValue } from '../data/sql-text.ts';
import { PerennialError } from '../errors/define-error.ts';
import { EVALUATION_INPUT_INVALID, RECOMMENDATIONS_TOO_LARGE } from '../errors/evaluation-errors.ts';
import type { Queryable } from '../registry/database.ts';
import { readOnlineFeatures } from '../registry/online-features.ts';
import type { KeyValue } from '../registry/online-features.ts';
import type { ServableVersion } from '../registry/servable-versions.ts';
import { assembleFeatures } from '../serving/assemble-features.ts';
import type { Keys } from '../serving/assemble-features.ts';
import { CachedFeatures } from '../serving/cached-features.ts';
import { planFeatures } from '../serving/feature-plan.ts';
import type { OnnxPredictor } from '../serving/onnx-predictor.ts';
import { concentration } from '../stats/index.ts';
import type { RECOMMENDATION_METRICS } from './metric-values.ts';
import type { TrainedModel } from './trained-model.ts';

export const RECOMMENDATIONS = 'recommendations';
const MAX_PAIRS = 5_000_000;
const READ_TIMEOUT_MS = 60_000;
/** Lines are written out in batches of this many entities. */
const ENTITIES_AT_ONCE = 200;

export interface Recommendations {
  readonly entities: number;
  readonly candidates: number;
  readonly k: number;
  /** `topItemShare`: of the most recommended candidate among the first k; `itemCoverage`: of the candidates. */
  readonly metrics: Readonly<Record<(typeof RECOMMENDATION_METRICS)[number], number | null>>;
}

type Wanted = NonNullable<ModelSpec['evaluation']['recommendations']>;

/**
 * Makes table `recommendations`: for each entity the best k candidates, by the very code with which the gateway looks
 * features up and by the newest values. Columns: those of both queries (a column that both have is `candidate_<name>`
 * for the candidate), `rank` from 1, and `score`. Candidates without a finite score are left out, as when serving.
 * Sources must be attached; seals the session.
 * @throws PerennialError SQL_INVALID, EVALUATION_INPUT_INVALID, RECOMMENDATIONS_TOO_LARGE, RANK_NOT_CONFIGURED
 */
export async function recommend(
  session: DuckDbSession,
  parts: { readonly db: Queryable; readonly predictor: OnnxPredictor; readonly signal: AbortSignal },
  input: {
    readonly ref: ModelRef & { readonly version: number };
    readonly spec: ModelSpec;
    readonly model: TrainedModel;
    /** Those that the model was trained with. */
    readonly views: ServableVersion['views'];
    readonly wanted: Wanted;
  },
): Promise<Recommendations> {
  const { ref, spec, model, views, wanted } = input;
  await session.userTable(
    'entities',
    sqlOf(wanted.entities, 'evaluation.recommendations.entities'),
    'evaluation.recommendations.entities',
  );
  await session.userTable(
    'candidates',
    sqlOf(wanted.candidates, 'evaluation.recommendations.candidates'),
    'evaluation.recommendations.candidates',
  );
  const keys = {
    entity: await keysOf(session, 'entities', views, spec.serving.rank?.entity),
    candidate: await keysOf(session, 'candidates', views, spec.serving.rank?.candidate),
  };
  const entities = await keyRows(session, 'entities', keys.entity);
  const candidates = await keyRows(session, 'candidates', keys.candidate);
  if (entities.length * candidates.length > MAX_PAIRS)
    throw new PerennialError(
      RECOMMENDATIONS_TOO_LARGE,
      `${entities.length} entities times ${candidates.length} candidates is more than ${MAX_PAIRS}; let evaluation.recommendations.entities draw a sample`,
    );
  const plan = planFeatures({
    ...ref,
    artifact: model.artifact,
    signature: model.signature,
    features: model.features,
    views,
    rank: { ...keys, defaultK: wanted.k },
    output: spec.evaluation.output,
  });
  const source = new CachedFeatures({
    read: (name, lookups) => readOnlineFeatures(parts.db, name, ref.environment, lookups),
    ttlMs: Number.POSITIVE_INFINITY,
    maxRows: Number.POSITIVE_INFINITY,
    timeoutMs: READ_TIMEOUT_MS,
    restMs: 0,
  });
  const now = Date.now();
  const file = join(session.directory, 'recommendations.csv');
  const counts = new Map<number, number>();
  let lines: string[] = [];
  for (const [e, entity] of entities.entries()) {
    parts.signal.throwIfAborted();
    const matrix = await assembleFeatures(plan, source, ref.model, entity, candidates, now);
    const scores = candidates.length === 0 ? [] : await parts.predictor.score(matrix, spec.evaluation.output);
    best(scores, wanted.k).forEach((c, i) => {
      lines.push(`${e},${c},${i + 1},${scores[c] ?? ''}`);
      counts.set(c, (counts.get(c) ?? 0) + 1);
    });
    if ((e + 1) % ENTITIES_AT_ONCE !== 0 && e + 1 < entities.length) continue;
    await appendFile(file, lines.map((line) => `${line}\n`).join(''));
    lines = [];
  }
  await appendFile(file, '');
  await joinColumns(session, file);
  const shares = concentration(counts, candidates.length);
  const lists = entities.length;
  const top = Math.max(0, ...counts.values());
  return {
    entities: lists,
    candidates: candidates.length,
    k: wanted.k,
    metrics: {
      topItemShare: lists === 0 ? null : top / lists,
      itemCoverage: candidates.length === 0 ? null : shares.distinct / candidates.length,
    },
  };
}

/** Equal scores keep the order of the candidates, as when serving. */
function best(scores: readonly number[], k: number): number[] {
  const order = scores.flatMap((score, i) => (Number.isFinite(score) ? [i] : []));
  order.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  return order.slice(0, k);
}

/** The keys that `serving.rank` takes or, without it, every column of the query that some view has for key. */
async function keysOf(
  session: DuckDbSession,
  table: 'entities' | 'candidates',
  views: ServableVersion['views'],
  configured: readonly string[] | undefined,
): Promise<string[]> {
  const columns = (await session.columns(table)).map((column) => column.name);
  const viewKeys = new Set(Object.values(views).flatMap((view) => view.keys));
  const keys = configured ?? columns.filter((name) => viewKeys.has(name));
  const missing = keys.filter((key) => !columns.includes(key));
  if (keys.length > 0 && missing.length === 0) return [...keys];
  throw new PerennialError(
    EVALUATION_INPUT_INVALID,
    `evaluation.recommendations.${table} must yield ${keys.length > 0 ? keys.join(', ') : 'a key of a feature view'}; it yields ${columns.join(', ')}`,
  );
}

async function keyRows(session: DuckDbSession, table: string, keys: readonly string[]): Promise<Keys[]> {
  const rows = await session.rows(
    `SELECT ${keys.map(quoteName).join(', ')} FROM ${quoteName(table)} ORDER BY rowid`,
  );
  return rows.map((row) => {
    const entries = keys.map((key) => [key, row[key]] as const);
    const bad = entries.find(([, value]) => value === null || typeof value === 'object');
    if (bad)
      throw new PerennialError(
        EVALUATION_INPUT_INVALID,
        `evaluation.recommendations.${table}: key ${bad[0]} holds ${JSON.stringify(bad[1])}; keys are texts, numbers or booleans`,
      );
    return Object.fromEntries(entries as [string, KeyValue][]);
  });
}

async function joinColumns(session: DuckDbSession, file: string): Promise<void> {
  const [entity, candidate] = [await session.columns('entities'), await session.columns('candidates')];
  const taken = new Set(entity.map((column) => column.name));
  const columns = [
    ...entity.map(({ name }) => `e.${quoteName(name)}`),
    ...candidate.map(
      ({ name }) => `c.${quoteName(name)} AS ${quoteName(taken.has(name) ? `candidate_${name}` : name)}`,
    ),
  ];
  await session.run(
    `CREATE TABLE ${RECOMMENDATIONS} AS SELECT ${columns.join(', ')}, r.rank, r.score
       FROM read_csv(${quoteValue(file)}, header = false, auto_detect = false, delim = ',',
         columns = {e: 'BIGINT', c: 'BIGINT', rank: 'INTEGER', score: 'DOUBLE'}) r
       JOIN entities e ON e.rowid = r.e JOIN candidates c ON c.rowid = r.c ORDER BY r.e, r.rank`,
  );
}
