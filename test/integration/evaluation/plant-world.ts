import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import { ModelSpec } from '../../../src/contracts/spec/model-spec.ts';
import type { ModelSpecInput } from '../../../src/contracts/spec/model-spec.ts';
import type { Signature } from '../../../src/contracts/trainer.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { DuckDbSession } from '../../../src/data/duckdb.ts';
import type { DatasetManifest } from '../../../src/domain/dataset.ts';
import type { FrameManifest } from '../../../src/domain/frame.ts';
import type { EvaluationParts } from '../../../src/evaluation/evaluate-version.ts';
import { migrate, openDatabase, withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { finishRun, startRun } from '../../../src/registry/runs.ts';
import { applySpec } from '../../../src/registry/specs.ts';
import { allocateVersion } from '../../../src/registry/version-production.ts';
import { freshDatabase } from '../infrastructure.ts';
import { openStore } from '../training/open-store.ts';

export const MODEL = 'plants';
export const ENVIRONMENT = 'test';
export const REF = { model: MODEL, environment: ENVIRONMENT };
const FEATURES = ['customer.taste', 'plant.beauty', 'plant.price'];
const actor = { id: 'ada', roles: [] };
const models = (name: string) => fileURLToPath(new URL(`../serving/models/${name}.onnx`, import.meta.url));

const base: ModelSpecInput = {
  apiVersion: 'perennial/v1',
  name: MODEL,
  description: 'Which plant a customer would buy.',
  owner: { team: 'tests' },
  sources: {
    customers: { type: 'files', uri: 'customers/*.parquet', format: 'parquet' },
    plants: { type: 'files', uri: 'plants/*.parquet', format: 'parquet' },
  },
  features: {
    views: {
      customer: {
        description: 'Customers.',
        keys: ['customer_id'],
        query: { sql: 'SELECT 1' },
        columns: { taste: 'taste' },
      },
      plant: {
        description: 'Plants.',
        keys: ['plant_id'],
        query: { sql: 'SELECT 1' },
        columns: { beauty: 'beauty', price: 'price' },
      },
    },
  },
  training: {
    spine: {
      query: { sql: 'SELECT 1' },
      id: 'id',
      label: 'bought',
      keys: ['customer_id', 'plant_id'],
      attributes: ['region', 'request_id'],
    },
    features: FEATURES,
    trainer: { command: ['python', 'train.py'] },
  },
  evaluation: {
    task: 'binary',
    groupBy: 'request_id',
    k: 3,
    slices: ['region'],
    minSliceSize: 20,
    latencySamples: 50,
    recommendations: {
      entities: { sql: 'SELECT customer_id, region FROM customers ORDER BY customer_id' },
      candidates: { sql: 'SELECT plant_id, invasive_in FROM plants ORDER BY plant_id' },
      k: 3,
    },
  },
  serving: { rank: { entity: ['customer_id'], candidate: ['plant_id'] } },
};

/**
 * Thirty customers, ten plants and a holdout of 300 showings, 100 of them each in EU and US, 97 in AU and 3 in IS.
 * Model `linear` scores taste + 2 beauty - price, by which what was bought was decided; `reversed` the opposite.
 */
export class PlantWorld {
  readonly db: Database;
  readonly store: ArtifactStore;
  readonly dataDir: string;
  frame = '';

  private constructor(db: Database, store: ArtifactStore, dataDir: string) {
    this.db = db;
    this.store = store;
    this.dataDir = dataDir;
  }

  static async open(): Promise<PlantWorld> {
    const db = openDatabase(await freshDatabase(), () => undefined);
    await migrate(db);
    const dataDir = mkdtempSync(join(tmpdir(), 'perennial-evaluation-'));
    const world = new PlantWorld(db, await openStore(), dataDir);
    await withDuckDb({ directory: dataDir }, (session) => world.#fill(session));
    return world;
  }

  get parts(): EvaluationParts {
    return { db: this.db, store: this.store, duckdb: { directory: this.dataDir } };
  }

  /** Applies the spec with these sections in place of its own. @returns the revision */
  async apply(sections: Partial<ModelSpecInput> = {}): Promise<number> {
    const spec = ModelSpec.parse({ ...base, ...sections });
    const input = { environment: ENVIRONMENT, spec, bundle: null, actor };
    return (await withTransaction(this.db, (tx) => applySpec(tx, input))).revision;
  }

  evaluationOf(more: Partial<ModelSpecInput['evaluation']>): ModelSpecInput['evaluation'] {
    return { ...base.evaluation, ...more };
  }

  /** A version with a run that succeeded, as the trainer leaves it. @returns its number */
  async train(file: string, specRevision: number, signature: Partial<Signature> = {}): Promise<number> {
    const key = `trigger-${file}-${String(Math.random())}`;
    const trigger = { key, source: 'api', reason: 'test', requestedBy: actor, requestedAt: 0 } as const;
    const version = await withTransaction(this.db, (tx) =>
      allocateVersion(tx, { ...REF, specRevision, key, trigger }),
    );
    const runId = `run/${String(version)}`;
    const run = { ...REF, version, runId, frame: this.frame, parameters: {}, seed: 0, codeDigest: null };
    await startRun(this.db, run, 1);
    const { digest, size } = await this.store.putFile(models(file));
    await finishRun(this.db, runId, {
      runtime: {},
      metrics: {},
      featureImportance: { 'plant.beauty': 1 },
      signature: {
        inputs: [{ name: 'features', type: 'float32', shape: [-1, 3], features: FEATURES }],
        outputs: [{ name: 'score', type: 'float32', shape: [-1] }],
        ...signature,
      },
      artifact: digest,
      sizeBytes: size,
      logBlob: null,
      files: [],
    });
    return version;
  }

  async #fill(session: DuckDbSession): Promise<void> {
    await session.run(`CREATE TABLE customers AS SELECT 'c' || i AS customer_id,
      (CASE WHEN i % 2 = 0 THEN 'EU' ELSE 'US' END) AS region, (i % 5)::DOUBLE AS taste FROM range(30) r(i)`);
    await session.run(`CREATE TABLE plants AS SELECT 'p' || i AS plant_id, i::DOUBLE AS beauty, (i % 3)::DOUBLE AS price,
      (CASE WHEN i = 9 THEN ['US'] ELSE []::VARCHAR[] END) AS invasive_in FROM range(10) r(i)`);
    const customers = await this.#ingest(session, 'customers');
    const plants = await this.#ingest(session, 'plants');
    await this.#online(session, 'customer', 'customers', 'customer_id', ['taste']);
    await this.#online(session, 'plant', 'plants', 'plant_id', ['beauty', 'price']);
    await session.run(`CREATE TABLE examples AS SELECT i AS id, make_timestamp(i * 1000000) AS event_time,
      ((i % 5) + 2 * (i % 10) - (i % 3) > 10)::INTEGER AS bought, 'c' || (i % 30) AS customer_id, 'p' || (i % 10) AS plant_id,
      (CASE WHEN i % 100 = 99 THEN 'IS' WHEN i % 3 = 0 THEN 'EU' WHEN i % 3 = 1 THEN 'US' ELSE 'AU' END) AS region,
      'r' || (i // 10) AS request_id, (i % 5)::FLOAT AS "customer.taste", (i % 10)::FLOAT AS "plant.beauty",
      (i % 3)::FLOAT AS "plant.price" FROM range(400) r(i)`);
    const part = async (from: number, to: number) => {
      const path = join(session.directory, `frame-${String(from)}.parquet`);
      await session.run(
        `COPY (SELECT * FROM examples WHERE id >= ${String(from)} AND id < ${String(to)} ORDER BY id) TO '${path}' (FORMAT parquet)`,
      );
      return { blob: (await this.store.putFile(path)).digest, rows: to - from };
    };
    const manifest: FrameManifest = {
      kind: 'frame',
      ...REF,
      specRevision: 1,
      train: await part(0, 100),
      holdout: await part(100, 400),
      features: FEATURES,
      id: 'id',
      eventTime: 'event_time',
      label: 'bought',
      keys: ['customer_id', 'plant_id'],
      attributes: ['region', 'request_id'],
      datasets: { customers, plants },
      views: {},
      splitAt: new Date(100_000).toISOString(),
    };
    this.frame = (await this.store.putJson(manifest)).digest;
  }

  /** @returns the digest of the dataset */
  async #ingest(session: DuckDbSession, source: string): Promise<string> {
    const path = join(session.directory, `${source}.parquet`);
    await session.run(`COPY ${source} TO '${path}' (FORMAT parquet)`);
    const { digest, size } = await this.store.putFile(path);
    const [{ n }] = (await session.rows(`SELECT count(*) AS n FROM ${source}`)) as [{ n: number }];
    const manifest: DatasetManifest = {
      kind: 'dataset',
      ...REF,
      source,
      parts: [{ digest, rows: n, bytes: size }],
      columns: await session.columns(source),
      rows: n,
      primaryKey: [],
      replaced: 0,
      watermark: { from: null, to: null },
      parent: null,
      profile: {},
    };
    const dataset = (await this.store.putJson(manifest)).digest;
    await this.db.query(
      `INSERT INTO dataset_versions (digest, model, environment, source, rows, manifest) VALUES ($1, $2, $3, $4, $5, $6)`,
      [dataset, MODEL, ENVIRONMENT, source, n, JSON.stringify(manifest)],
    );
    await this.db.query(
      `INSERT INTO source_states (model, environment, source, dataset, event_time_max) VALUES ($1, $2, $3, $4, now())`,
      [MODEL, ENVIRONMENT, source, dataset],
    );
    return dataset;
  }

  async #online(session: DuckDbSession, view: string, table: string, key: string, columns: string[]) {
    for (const row of await session.rows(`SELECT * FROM ${table}`))
      await this.db.query(
        `INSERT INTO online_features (model, environment, view, key, values, event_time) VALUES ($1, $2, $3, $4, $5, now())`,
        [
          MODEL,
          ENVIRONMENT,
          view,
          JSON.stringify([row[key]]),
          JSON.stringify(Object.fromEntries(columns.map((column) => [column, row[column]]))),
        ],
      );
  }
}
