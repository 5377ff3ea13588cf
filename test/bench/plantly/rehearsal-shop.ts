import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { parse } from 'yaml';
import { playHistory } from '../../../examples/plantly/simulator/history.ts';
import type { VisitEvents } from '../../../examples/plantly/simulator/shop-events.ts';
import type { World } from '../../../examples/plantly/simulator/world.ts';
import { TrainerResult } from '../../../src/contracts/trainer.ts';
import { PLANTLY, runPython } from '../../unit/plantly/run-python.ts';

interface PlantlySpec {
  features: {
    views: Record<string, { keys: string[]; query: { file: string }; columns: Record<string, string> }>;
  };
  training: {
    spine: { query: { file: string }; keys: string[]; attributes: string[] };
    features: string[];
    trainer: {
      command: string[];
      parameters: Record<string, string | number | boolean | null>;
      seed: number;
    };
  };
}

export async function readPlantlySpec(file: string): Promise<PlantlySpec> {
  return parse(await readFile(join(PLANTLY, file), 'utf8')) as PlantlySpec;
}

const TABLES = `
  CREATE TABLE customers (customer_id VARCHAR, region VARCHAR, age INTEGER, age_band VARCHAR,
    experience DOUBLE, home_light DOUBLE, signed_up_at TIMESTAMP);
  CREATE TABLE plants (plant_id VARCHAR, name VARCHAR, category VARCHAR, price DOUBLE, difficulty DOUBLE,
    light_need DOUBLE, invasive_in VARCHAR[], listed_at TIMESTAMP);
  CREATE TABLE orders (order_id VARCHAR, impression_id VARCHAR, customer_id VARCHAR, plant_id VARCHAR,
    quantity INTEGER, amount DOUBLE, ordered_at TIMESTAMP);
  CREATE TABLE impressions (impression_id VARCHAR, request_id VARCHAR, customer_id VARCHAR, plant_id VARCHAR,
    surface VARCHAR, position INTEGER, price_shown DOUBLE, available BOOLEAN, shown_at TIMESTAMP);
  CREATE TABLE clicks (click_id VARCHAR, impression_id VARCHAR, customer_id VARCHAR, plant_id VARCHAR,
    position INTEGER, clicked_at TIMESTAMP);`;

type Row = Record<string, unknown>;
const iso = (atMs: number): string => new Date(atMs).toISOString();

/** Scores rows of features; a rehearsal's stand-in for the gateway is this and a sort. */
export interface TrainedModel {
  result: TrainerResult;
  outputDir: string;
  features: string[];
  session: InferenceSession;
  score(rows: Float32Array, count: number): Promise<Float32Array>;
}

/** The shop's data in DuckDB, with the real feature views and the real trainers over it. */
export class RehearsalShop {
  readonly #connection: DuckDBConnection;
  readonly #folder: string;
  #files = 0;

  private constructor(connection: DuckDBConnection, folder: string) {
    this.#connection = connection;
    this.#folder = folder;
  }

  static async open(world: World, baseTimeMs: number, folder: string): Promise<RehearsalShop> {
    await mkdir(folder, { recursive: true });
    const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
    const shop = new RehearsalShop(await instance.connect(), folder);
    await shop.#connection.run(TABLES);
    const since = iso(baseTimeMs - 90 * 86_400_000);
    await shop.#load(
      'customers',
      world.customers.map((c) => ({
        customer_id: c.customerId,
        region: c.region,
        age: c.age,
        age_band: c.ageBand,
        experience: c.experience,
        home_light: c.homeLight,
        signed_up_at: since,
      })),
    );
    await shop.#load(
      'plants',
      world.plants.map((p) => ({
        plant_id: p.plantId,
        name: p.name,
        category: p.category,
        price: p.price,
        difficulty: p.difficulty,
        light_need: p.lightNeed,
        invasive_in: p.invasiveIn,
        listed_at: since,
      })),
    );
    await shop.record([...playHistory(world, baseTimeMs)]);
    return shop;
  }

  async #load(table: string, rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const file = join(this.#folder, `load-${this.#files++}.ndjson`);
    await writeFile(file, rows.map((row) => JSON.stringify(row)).join('\n'));
    const types = await this.rows(
      `SELECT column_name AS n, data_type AS t FROM duckdb_columns() WHERE table_name = '${table}'`,
    );
    const columns = types.map(({ n, t }) => `${String(n)}: '${String(t)}'`).join(', ');
    await this.#connection.run(
      `INSERT INTO ${table} BY NAME SELECT * FROM read_json('${file}', columns = {${columns}}, format = 'newline_delimited')`,
    );
  }

  async record(visits: readonly VisitEvents[]): Promise<void> {
    await this.#load('impressions', visits.flatMap((visit) => visit.impressions) as unknown as Row[]);
    await this.#load('clicks', visits.flatMap((visit) => visit.clicks) as unknown as Row[]);
    await this.#load(
      'orders',
      visits
        .flatMap((visit) => visit.orders)
        .map((o) => ({
          order_id: o.orderId,
          impression_id: o.impressionId,
          customer_id: o.customerId,
          plant_id: o.plantId,
          quantity: o.quantity,
          amount: o.amount,
          ordered_at: iso(o.orderedAtMs),
        })),
    );
  }

  async rows(sql: string): Promise<Row[]> {
    return (await this.#connection.runAndReadAll(sql)).getRowObjects();
  }

  /** Runs every view of the spec; milliseconds per view. */
  async materialise(spec: PlantlySpec): Promise<Record<string, number>> {
    const taken: Record<string, number> = {};
    for (const [name, view] of Object.entries(spec.features.views)) {
      const started = performance.now();
      const sql = await readFile(join(PLANTLY, view.query.file), 'utf8');
      await this.#connection.run(`CREATE OR REPLACE TEMP TABLE view_${name} AS ${sql}`);
      taken[name] = Math.round(performance.now() - started);
    }
    return taken;
  }

  /** The newest row of each key of a view. */
  async online(spec: PlantlySpec, name: string): Promise<Map<string, Row>> {
    const keys = spec.features.views[name]!.keys;
    const rows = await this.rows(
      `SELECT * FROM view_${name} QUALIFY row_number() OVER (PARTITION BY ${keys.join()} ORDER BY event_time DESC) = 1`,
    );
    return new Map(rows.map((row) => [keys.map((key) => String(row[key])).join('|'), row]));
  }

  /** The point-in-time frame: train and holdout (newest tenth) as Parquet; AUC and NDCG need the holdout later. */
  async buildFrame(spec: PlantlySpec, name: string): Promise<{ train: string; holdout: string }> {
    const { spine, features } = spec.training;
    const views = [...new Set(features.map((feature) => feature.split('.')[0]!))];
    const joins = views.map((view) => {
      const on = spec.features.views[view]!.keys.map((key) => `s.${key} = view_${view}.${key}`).join(' AND ');
      return `ASOF LEFT JOIN view_${view} ON ${on} AND s.event_time >= view_${view}.event_time`;
    });
    const columns = features.map((f) => `view_${f}::FLOAT AS "${f}"`).join(', ');
    const sql = await readFile(join(PLANTLY, spine.query.file), 'utf8');
    await this.#connection.run(`CREATE OR REPLACE TEMP TABLE frame_${name} AS
      SELECT s.*, ${columns}, percent_rank() OVER (ORDER BY s.event_time) AS age_rank FROM (${sql}) s ${joins.join('\n')}`);
    const [train, holdout] = ['train', 'holdout'].map((part) =>
      join(this.#folder, `${name}-${part}.parquet`),
    ) as [string, string];
    await this.#connection.run(
      `COPY (SELECT * FROM frame_${name} WHERE age_rank < 0.9 ORDER BY event_time, impression_id) TO '${train}'`,
    );
    await this.#connection.run(
      `COPY (SELECT * FROM frame_${name} WHERE age_rank >= 0.9 ORDER BY event_time, impression_id) TO '${holdout}'`,
    );
    return { train, holdout };
  }

  async train(
    spec: PlantlySpec,
    name: string,
    data: { train: string; holdout: string },
  ): Promise<TrainedModel> {
    const outputDir = join(this.#folder, `${name}-out`);
    const input = {
      contractVersion: 1,
      runId: name,
      attempt: 1,
      label: 'bought',
      seed: spec.training.trainer.seed,
      datasets: [
        { name: 'train', path: data.train, format: 'parquet', digest: name, rows: 1 },
        { name: 'validation', path: data.holdout, format: 'parquet', digest: name, rows: 1 },
      ],
      features: spec.training.features.map((feature) => ({ name: feature, type: 'float32' })),
      parameters: spec.training.trainer.parameters,
      outputDir,
      checkpointDir: join(this.#folder, `${name}-checkpoints`),
      resumeFrom: null,
      deadline: iso(Date.now() + 600_000),
      resources: { gpus: [], cpus: 1, memoryBytes: 2 ** 31 },
    };
    const inputFile = join(this.#folder, `${name}-input.json`);
    await writeFile(inputFile, JSON.stringify(input));
    await runPython([join(PLANTLY, 'trainers', spec.training.trainer.command[1]!)], {
      PERENNIAL_INPUT: inputFile,
    });
    const result = TrainerResult.parse(JSON.parse(await readFile(join(outputDir, 'result.json'), 'utf8')));
    const session = await InferenceSession.create(join(outputDir, result.model.path), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
    const width = spec.training.features.length;
    return {
      result,
      outputDir,
      session,
      features: spec.training.features,
      score: async (rows, count) => {
        const output = await session.run({ features: new Tensor('float32', rows, [count, width]) });
        return output['score']!.data as Float32Array;
      },
    };
  }
}
