import type { ArtifactStore } from '../src/artifacts/artifact-store.ts';
import type { DataActivities } from '../src/contracts/activities/data.ts';
import { withDuckDb } from '../src/data/duckdb.ts';
import type { DuckDbOptions } from '../src/data/duckdb.ts';
import { materialiseView } from '../src/data/feature-view.ts';
import { onlineDifference } from '../src/data/online-changes.ts';
import type { OnlineDifference } from '../src/data/online-changes.ts';
import { attachSources } from '../src/data/source-tables.ts';
import { heartbeating } from '../src/platform/activity-context.ts';
import type { Database } from '../src/registry/database.ts';
import { currentDatasets } from '../src/registry/datasets.ts';
import {
  readMaterialisations,
  removeOnline,
  upsertOnline,
  writeMaterialisation,
} from '../src/registry/feature-materialisations.ts';
import type { Materialisation } from '../src/registry/feature-materialisations.ts';
import { withHold } from '../src/registry/hold.ts';
import { loadSpecRecord } from '../src/registry/specs.ts';

export interface FeatureActivitiesOptions {
  readonly db: Database;
  readonly store: ArtifactStore;
  readonly duckdb: Omit<DuckDbOptions, 'signal'>;
}

interface Refreshed {
  readonly view: string;
  readonly after: Materialisation;
  readonly difference: OnlineDifference;
}

export function createFeatureActivities(
  options: FeatureActivitiesOptions,
): Pick<DataActivities, 'materialiseFeatures'> {
  const { db, store } = options;
  return {
    async materialiseFeatures(input) {
      const { spec } = await loadSpecRecord(db, input);
      const ref = { model: input.model, environment: input.environment };
      return heartbeating(({ signal }) =>
        withHold(db, 'features', `${ref.environment}/${ref.model}`, async (hold) => {
          const before = await readMaterialisations(hold.connection, ref);
          const datasets = await currentDatasets(hold.connection, ref);
          const refreshed = await withDuckDb({ ...options.duckdb, signal }, async (session) => {
            await attachSources(session, store, spec.sources, datasets);
            const results: Refreshed[] = [];
            for (const [view, definition] of Object.entries(spec.features.views)) {
              const known = before.get(view);
              const after = await materialiseView(session, store, view, definition, datasets, known);
              const difference = await onlineDifference(session, store, definition, after, known);
              results.push({ view, after, difference });
            }
            return results;
          });
          // One transaction: a reader never sees one view refreshed and another not.
          const onlineRows = await hold.transaction(async (tx) => {
            let written = 0;
            for (const { view, after, difference } of refreshed) {
              if (after === before.get(view)) continue;
              const { changed, removed } = difference;
              if (removed === null || removed.length > 0) await removeOnline(tx, ref, view, removed);
              written += await upsertOnline(tx, ref, view, changed);
              await writeMaterialisation(tx, ref, after);
            }
            return written;
          });
          const views = refreshed.map(({ view, after }) => ({
            view,
            digest: after.digest,
            rows: after.rows,
          }));
          return { views, onlineRows };
        }),
      );
    },
  };
}
