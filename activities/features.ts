import type { ArtifactStore } from '../src/artifacts/artifact-store.ts';
import type { DataActivities } from '../src/contracts/activities/data.ts';
import type { DuckDbOptions } from '../src/data/duckdb.ts';
import { refreshViews } from '../src/data/refresh-views.ts';
import { heartbeating } from '../src/platform/activity-context.ts';
import type { Database } from '../src/registry/database.ts';
import { currentDatasets } from '../src/registry/datasets.ts';
import {
  clearPlace,
  readMaterialisations,
  removeOnline,
  upsertOnline,
  writeMaterialisation,
} from '../src/registry/feature-materialisations.ts';
import { withHold } from '../src/registry/hold.ts';
import { loadSpecRecord } from '../src/registry/specs.ts';
import { specsInUse } from '../src/registry/specs-in-use.ts';
import { definitionOf } from '../src/registry/view-definition.ts';

export interface FeatureActivitiesOptions {
  readonly db: Database;
  readonly store: ArtifactStore;
  readonly duckdb: Omit<DuckDbOptions, 'signal'>;
}

export function createFeatureActivities(
  options: FeatureActivitiesOptions,
): Pick<DataActivities, 'materialiseFeatures'> {
  const { db, store } = options;
  return {
    async materialiseFeatures(input) {
      const asked = await loadSpecRecord(db, input);
      const ref = { model: input.model, environment: input.environment };
      return heartbeating(({ signal }) =>
        withHold(db, 'features', `${ref.environment}/${ref.model}`, async (hold) => {
          const online = await readMaterialisations(hold.connection, ref);
          const datasets = await currentDatasets(hold.connection, ref);
          const inUse = await specsInUse(hold.connection, ref);
          const others = inUse.filter(({ revision }) => revision !== asked.revision);
          const parts = { store, duckdb: { ...options.duckdb, signal }, datasets, online };
          const { values, changed, abandoned, frozen } = await refreshViews(parts, asked, others);
          // One transaction: a reader never sees one view refreshed and another not.
          const onlineRows = await hold.transaction(async (tx) => {
            let written = 0;
            for (const place of abandoned) await clearPlace(tx, ref, place);
            for (const { after, difference } of changed) {
              const { place } = after;
              const { changed: rows, removed } = difference;
              if (removed === null || removed.length > 0) await removeOnline(tx, ref, place, removed);
              written += await upsertOnline(tx, ref, place, rows);
              await writeMaterialisation(tx, ref, after);
            }
            return written;
          });
          const views = Object.entries(asked.spec.features.views).flatMap(([view, definition]) => {
            const found = values.get(definitionOf(definition));
            return found ? [{ view, digest: found.digest, rows: found.rows }] : [];
          });
          return { views, onlineRows, frozen };
        }),
      );
    },
  };
}
