import type { ArtifactStore } from '../src/artifacts/artifact-store.ts';
import type { DataActivities } from '../src/contracts/activities/data.ts';
import { countNewExamples } from '../src/data/count-new-examples.ts';
import type { DuckDbOptions } from '../src/data/duckdb.ts';
import { makeFrame } from '../src/data/frame.ts';
import { heartbeating } from '../src/platform/activity-context.ts';
import type { Database } from '../src/registry/database.ts';
import { currentDatasets } from '../src/registry/datasets.ts';
import { readMaterialisations } from '../src/registry/feature-materialisations.ts';
import { insertFrame } from '../src/registry/frames.ts';
import { loadSpecRecord } from '../src/registry/specs.ts';

export interface FrameActivitiesOptions {
  readonly db: Database;
  readonly store: ArtifactStore;
  readonly duckdb: Omit<DuckDbOptions, 'signal'>;
}

export function createFrameActivities(
  options: FrameActivitiesOptions,
): Pick<DataActivities, 'buildFrame' | 'countNewExamples'> {
  const { db, store } = options;
  return {
    async buildFrame(input) {
      const { spec } = await loadSpecRecord(db, input);
      const { model, environment, specRevision, version } = input;
      return heartbeating(async ({ signal }) => {
        const datasets = await currentDatasets(db, input);
        const materialised = await readMaterialisations(db, input);
        const frame = { model, environment, specRevision, spec, datasets, materialised };
        const { digest, manifest } = await makeFrame(store, { ...options.duckdb, signal }, frame);
        await insertFrame(db, { model, environment, version }, digest, manifest);
        return { frame: digest, trainRows: manifest.train.rows, holdoutRows: manifest.holdout.rows };
      });
    },
    async countNewExamples(input) {
      const { spec } = await loadSpecRecord(db, input);
      return heartbeating(async ({ signal }) => {
        const datasets = await currentDatasets(db, input);
        return countNewExamples(store, { ...options.duckdb, signal }, { spec, datasets, since: input.since });
      });
    },
  };
}
