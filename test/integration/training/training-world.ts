import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { ArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import type { TrainResult } from '../../../src/contracts/activities/training.ts';
import { ModelSpec } from '../../../src/contracts/spec/model-spec.ts';
import type { ModelSpecInput } from '../../../src/contracts/spec/model-spec.ts';
import { venvBin } from '../../../src/embedded/binaries.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { FrameManifest } from '../../../src/domain/frame.ts';
import { migrate, openDatabase, withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { applySpec } from '../../../src/registry/specs.ts';
import { packBundle } from '../../../src/training/bundle.ts';
import { GpuPool } from '../../../src/training/gpu-pool.ts';
import { ProcessExecutor } from '../../../src/training/process-executor.ts';
import { runTraining } from '../../../src/training/run-training.ts';
import type { TrainingParts } from '../../../src/training/run-training.ts';
import type { AttemptHost, TrainingHeartbeat } from '../../../src/training/supervise-trainer.ts';
import { freshDatabase } from '../infrastructure.ts';
import { openStore } from './open-store.ts';

const FEATURES = ['shop.a', 'shop.b', 'shop.c'];
const ENVIRONMENT = 'test';
const actor = { id: 'ada', roles: [] };

type TrainerInput = ModelSpecInput['training']['trainer'];

export function specOf(name: string, trainer: TrainerInput): ModelSpec {
  return ModelSpec.parse({
    apiVersion: 'perennial/v1',
    name,
    description: 'A model of the tests.',
    owner: { team: 'tests' },
    sources: {},
    features: {
      views: {
        shop: {
          description: 'Three numbers.',
          keys: ['item'],
          query: { sql: 'SELECT 1' },
          columns: { a: 'a', b: 'b', c: 'c' },
        },
      },
    },
    training: {
      spine: { query: { sql: 'SELECT 1' }, id: 'id', label: 'bought', keys: ['item'] },
      features: FEATURES,
      trainer,
    },
    evaluation: { task: 'binary' },
  } satisfies ModelSpecInput);
}

/** A registry, a store and a frame, in which trainers of `trainer/` run. */
/** As the embedded stack has it: the project's Python before any other. */
export const TRAINER_PATH = `${venvBin()}:${process.env['PATH'] ?? ''}`;

export class TrainingWorld {
  readonly db: Database;
  readonly store: ArtifactStore;
  readonly dataDir: string;
  readonly frame: string;
  readonly bundle: string;
  #count = 0;

  private constructor(parts: Pick<TrainingWorld, 'db' | 'store' | 'dataDir' | 'frame' | 'bundle'>) {
    this.db = parts.db;
    this.store = parts.store;
    this.dataDir = parts.dataDir;
    this.frame = parts.frame;
    this.bundle = parts.bundle;
  }

  static async open(): Promise<TrainingWorld> {
    const db = openDatabase(await freshDatabase(), () => undefined);
    await migrate(db);
    const store = await openStore();
    const dataDir = mkdtempSync(join(tmpdir(), 'perennial-training-'));
    const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
    const code = mkdtempSync(join(dataDir, 'code-'));
    copyFileSync(here('trainer/trainer.py'), join(code, 'trainer.py'));
    copyFileSync(here('../serving/models/linear.onnx'), join(code, 'linear.onnx'));
    const bundle = await packBundle(store, code);
    return new TrainingWorld({ db, store, dataDir, bundle, frame: await makeFrame(store, dataDir) });
  }

  /** Applies a spec of its own and answers the parts of a run that has not begun. */
  async newRun(trainer: Partial<TrainerInput> & { parameters: TrainerInput['parameters'] }) {
    this.#count += 1;
    const model = `model-${String(this.#count)}`;
    const spec = specOf(model, {
      command: ['python', 'trainer.py'],
      // Far more than these trainers take on a busy machine; who shall be too slow gets less.
      timeout: '3m',
      progressTimeout: '2m',
      graceTime: '1m',
      ...trainer,
    });
    const { bundle } = this;
    await withTransaction(this.db, (tx) => applySpec(tx, { environment: ENVIRONMENT, spec, bundle, actor }));
    return {
      model,
      environment: ENVIRONMENT,
      specRevision: 1,
      version: 1,
      runId: `run/${model}`,
      frame: this.frame,
    };
  }

  parts(more: Partial<TrainingParts> = {}): TrainingParts {
    return {
      db: this.db,
      store: this.store,
      executor: new ProcessExecutor(),
      gpus: new GpuPool([]),
      dataDir: this.dataDir,
      environment: { PATH: TRAINER_PATH, DATABASE_URL: 'postgres://hidden' },
      secrets: [],
      log: pino({ level: 'silent' }),
      ...more,
    };
  }
}

/** An attempt as the activity would have it, with what it was told. */
export function attempt(more: Partial<AttemptHost> = {}): AttemptHost & { beats: TrainingHeartbeat[] } {
  const beats: TrainingHeartbeat[] = [];
  return {
    attempt: 1,
    lastHeartbeat: null,
    heartbeat: (details) => void beats.push(details),
    signal: new AbortController().signal,
    ...more,
    beats,
  };
}

export async function train(
  world: TrainingWorld,
  run: Awaited<ReturnType<TrainingWorld['newRun']>>,
  host: AttemptHost = attempt(),
  more: Partial<TrainingParts> = {},
): Promise<TrainResult> {
  return runTraining(world.parts(more), run, host);
}

async function makeFrame(store: ArtifactStore, directory: string): Promise<string> {
  return withDuckDb({ directory }, async (session) => {
    const part = async (from: number, to: number) => {
      const path = join(session.directory, `part-${String(from)}.parquet`);
      await session.run(
        `COPY (SELECT i AS id, make_timestamp(i * 1000000) AS event_time, i % 2 AS bought, i AS item,
           (i % 7)::FLOAT AS "shop.a", (i % 5)::FLOAT AS "shop.b", 1::FLOAT AS "shop.c"
           FROM range(${String(from)}, ${String(to)}) r(i)) TO '${path}' (FORMAT parquet)`,
      );
      return { blob: (await store.putFile(path)).digest, rows: to - from };
    };
    const manifest: FrameManifest = {
      kind: 'frame',
      model: 'any',
      environment: ENVIRONMENT,
      specRevision: 1,
      train: await part(0, 80),
      holdout: await part(80, 100),
      features: FEATURES,
      id: 'id',
      eventTime: 'event_time',
      label: 'bought',
      keys: ['item'],
      attributes: [],
      datasets: {},
      views: {},
      splitAt: new Date(80_000).toISOString(),
    };
    return (await store.putJson(manifest)).digest;
  });
}
