import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { NewExampleCount } from '../domain/production/new-examples.ts';
import type { DatasetRef } from '../registry/datasets.ts';
import { withDuckDb } from './duckdb.ts';
import type { DuckDbOptions } from './duckdb.ts';
import { attachSources } from './source-tables.ts';
import { loadSpine } from './spine.ts';
import { splitByTime } from './split-by-time.ts';
import { quoteName } from './sql-text.ts';

/**
 * Counts the labelled examples later than `since` (milliseconds since the epoch) on both sides of the split that a frame
 * of these datasets has. No features are joined.
 * @throws PerennialError SOURCE_EMPTY, FRAME_INVALID, SQL_INVALID
 */
export async function countNewExamples(
  store: ArtifactStore,
  duckdb: DuckDbOptions,
  input: { readonly spec: ModelSpec; readonly datasets: readonly DatasetRef[]; readonly since: number },
): Promise<NewExampleCount> {
  const { sources, training } = input.spec;
  return withDuckDb(duckdb, async (session) => {
    await attachSources(session, store, sources, input.datasets);
    await loadSpine(session, training.spine);
    const split = await splitByTime(session, training);
    if (split === null) return { training: 0, heldOut: 0 };
    const [row] = await session.rows(
      `SELECT count(*) FILTER (WHERE ${split.train}) AS training, count(*) FILTER (WHERE ${split.holdout}) AS held_out
         FROM spine WHERE epoch_ms(${quoteName(training.spine.eventTime)}) > ${String(input.since)}`,
    );
    return { training: Number(row?.['training']), heldOut: Number(row?.['held_out']) };
  });
}
