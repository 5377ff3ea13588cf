import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { withDuckDb } from '../data/duckdb.ts';
import type { DuckDbOptions, SqlRow } from '../data/duckdb.ts';
import { openFrame } from '../data/frame.ts';
import { quoteName, quoteValue } from '../data/sql-text.ts';
import type { OutcomeSample } from '../domain/monitors/judge-outcome.ts';
import type { PredictionLog } from '../serving/prediction-log.ts';
import type { KeyedNumbers } from '../stats/index.ts';
import { itemsOf, liveItems } from './live-traffic.ts';
import type { LiveItems } from './live-traffic.ts';
import type { WatchedChampion } from './watched-champion.ts';

const MAX_ROWS = 20_000;

export interface ReferenceParts {
  readonly store: ArtifactStore;
  readonly log: PredictionLog;
  readonly duckdb: DuckDbOptions;
}

/** What live traffic is compared with, and what it is called in a finding's reason. */
export interface Reference {
  readonly name: string;
  readonly items: LiveItems;
  /** Keys of the items are entities, not what traffic was split by. */
  readonly byEntity: boolean;
}

/**
 * The champion's own traffic during its rollout when there was enough of it: drift is then a change of the world and
 * not the difference between what was trained on and what is asked. Else what it was trained on, and how it scored.
 */
export async function driftReference(
  parts: ReferenceParts,
  champion: WatchedChampion,
  minSamples: number,
): Promise<Reference> {
  const { baseline, version, environment } = champion;
  if (baseline !== null) {
    const window = { model: champion.name, environment, from: baseline.since, to: baseline.until };
    const view = await parts.log.open(window);
    try {
      const items = await liveItems(view, version);
      if (items.scores.values.length >= minSamples) return { name: 'its rollout', items, byEntity: false };
    } finally {
      view.close();
    }
  }
  return { name: 'its training', items: await trainedItems(parts, champion), byEntity: true };
}

/** Training features, and the scores of what the version would recommend or, where it does not rank, of its holdout. */
async function trainedItems(parts: ReferenceParts, champion: WatchedChampion): Promise<LiveItems> {
  const { evaluation } = champion;
  const frame = await openFrame(parts.store, champion.model.run.frame);
  return withDuckDb(parts.duckdb, async (session) => {
    const train = await session.adopt(await frame.trainPath());
    const columns = champion.model.features.map((name) => `${quoteName(name)}::DOUBLE`).join(', ');
    const key = entityKeySql(champion, frame.manifest.keys);
    const rows = await session.rows(
      `SELECT [${columns}] AS f, ${key} AS key FROM (SELECT * FROM read_parquet(${quoteValue(train)}) ORDER BY hash(${quoteName(frame.manifest.id)}) LIMIT ${MAX_ROWS})`,
    );
    const lists = rows.map((row) => row['f'] as (number | null)[]);
    const keys = keysOf(rows);
    const scored = evaluation?.recommendations ?? evaluation?.predictions ?? null;
    let scores: KeyedNumbers = { values: [], keys: null };
    if (scored !== null) {
      const file = await session.adopt(await parts.store.fetchFile(scored.blob));
      const first = evaluation?.recommendations ? 'WHERE rank = 1' : '';
      const found = await session.rows(
        `SELECT score, ${evaluation?.recommendations ? 'NULL' : key} AS key FROM read_parquet(${quoteValue(file)}) ${first} LIMIT ${MAX_ROWS}`,
      );
      scores = { values: found.map((row) => row['score'] as number), keys: keysOf(found) };
    }
    return itemsOf(scores, { lists, keys }, champion.model.features.length);
  });
}

/** SQL of the entity of a row of a frame, of which rows are alike as requests are; NULL where the frame has no such keys. */
function entityKeySql(champion: WatchedChampion, keys: readonly string[]): string {
  const entity = champion.spec.serving.rank?.entity ?? [];
  const known = entity.length > 0 && entity.every((name) => keys.includes(name));
  return known
    ? `to_json([${entity.map((name) => `${quoteName(name)}::VARCHAR`).join(', ')}])::VARCHAR`
    : 'NULL';
}

function keysOf(rows: readonly SqlRow[]): string[] | null {
  return rows.some((row) => row['key'] === null) ? null : rows.map((row) => row['key'] as string);
}

/** The labels that the version was trained on, as outcomes. */
export async function labelSample(parts: ReferenceParts, champion: WatchedChampion): Promise<OutcomeSample> {
  const frame = await openFrame(parts.store, champion.model.run.frame);
  return withDuckDb(parts.duckdb, async (session) => {
    const train = await session.adopt(await frame.trainPath());
    const [row] = await session.rows(
      `SELECT count(label) AS n, sum(label) AS s, sum(label * label) AS q
         FROM (SELECT ${quoteName(frame.manifest.label)}::DOUBLE AS label FROM read_parquet(${quoteValue(train)}))`,
    );
    return {
      count: Number(row?.['n'] ?? 0),
      sum: Number(row?.['s'] ?? 0),
      sumSquares: Number(row?.['q'] ?? 0),
    };
  });
}
