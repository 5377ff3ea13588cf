import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { Source } from '../contracts/spec/sources.ts';
import { SOURCE_EMPTY } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { DatasetRef } from '../registry/datasets.ts';
import { datasetViews } from './dataset-views.ts';
import type { DuckDbSession } from './duckdb.ts';
import { quoteName } from './sql-text.ts';

/**
 * Attaches each source of the spec as a table of its name. A source of files that declares its columns may still be
 * without rows: an application log may not have said anything yet.
 * @throws PerennialError SOURCE_EMPTY for any other source without a good dataset
 */
export async function attachSources(
  session: DuckDbSession,
  store: ArtifactStore,
  sources: Readonly<Record<string, Source>>,
  datasets: readonly DatasetRef[],
): Promise<void> {
  const known = datasets.filter((dataset) => sources[dataset.source] !== undefined);
  await datasetViews(session, store, known);
  const attached = new Set(known.map((dataset) => dataset.source));
  for (const [name, source] of Object.entries(sources)) {
    if (attached.has(name)) continue;
    if (source.type !== 'files' || !source.columns) {
      throw new PerennialError(
        SOURCE_EMPTY,
        `source "${name}" has no good dataset yet; ingest it, or look at its quarantined batches`,
        { details: { source: name } },
      );
    }
    const columns = Object.entries(source.columns).map(([c, type]) => `NULL::${type} AS ${quoteName(c)}`);
    await session.run(`CREATE VIEW ${quoteName(name)} AS SELECT ${columns.join(', ')} WHERE false`);
  }
}
