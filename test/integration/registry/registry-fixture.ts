import { ModelSpec } from '../../../src/contracts/spec/model-spec.ts';
import type { ModelSpecInput } from '../../../src/contracts/spec/model-spec.ts';
import type { ModelRef } from '../../../src/contracts/workflows/ids.ts';
import type { Actor } from '../../../src/domain/actor.ts';
import type { GateReport } from '../../../src/domain/gate-report.ts';
import { migrate, openDatabase, withTransaction } from '../../../src/registry/database.ts';
import type { Database, Queryable } from '../../../src/registry/database.ts';
import { applySpec } from '../../../src/registry/specs.ts';
import { allocateVersion, registerVersion } from '../../../src/registry/version-production.ts';
import { freshDatabase } from '../infrastructure.ts';

export const ENVIRONMENT = 'test';
export const ADA: Actor = { id: 'ada', roles: ['data-scientist'] };

/** An empty registry of a test file. */
export async function openRegistry(): Promise<Database> {
  const db = openDatabase(await freshDatabase(), () => undefined);
  await migrate(db);
  return db;
}

export function specInput(name: string, parts: Partial<ModelSpecInput> = {}): ModelSpecInput {
  return {
    apiVersion: 'perennial/v1',
    name,
    description: 'Ranks plants for a visitor.',
    owner: { team: 'shop', email: 'shop@example.com' },
    sources: {},
    features: {
      views: {
        shop: {
          description: 'Numbers of a plant.',
          keys: ['item'],
          query: { sql: 'SELECT 1' },
          columns: { price: 'Price in euro.', age: 'Age in weeks.' },
        },
      },
    },
    training: {
      spine: { query: { sql: 'SELECT 1' }, id: 'id', label: 'bought', keys: ['item'] },
      features: ['shop.price', 'shop.age'],
      trainer: { command: ['python', 'train.py'], parameters: { trees: 50 }, seed: 7 },
    },
    evaluation: { task: 'binary' },
    gates: [{ type: 'metric', name: 'good-enough', metric: 'auc', min: 0.7 }],
    ...parts,
  };
}

export function specOf(name: string, parts: Partial<ModelSpecInput> = {}): ModelSpec {
  return ModelSpec.parse(specInput(name, parts));
}

/** Applies a spec of a new model, as nobody in particular. */
export async function applyModel(db: Database, model: string, parts: Partial<ModelSpecInput> = {}) {
  const spec = specOf(model, parts);
  await withTransaction(db, (tx) =>
    applySpec(tx, { environment: ENVIRONMENT, spec, bundle: null, actor: ADA }),
  );
  return { model, environment: ENVIRONMENT };
}

export function triggerOf(key: string) {
  return { key, source: 'api', reason: 'asked for', requestedBy: ADA, requestedAt: 0 } as const;
}

function digestOf(text: string): string {
  return Buffer.from(text).toString('hex').padEnd(64, '0').slice(0, 64);
}

/** Writes what training and evaluation leave behind for a version: dataset, frame, run and evaluation. */
export async function writeProduction(
  db: Queryable,
  ref: ModelRef & { readonly version: number },
  parts: { readonly runId?: string; readonly auc?: number; readonly artifact?: string } = {},
) {
  const { model, environment, version } = ref;
  const name = `${model}${String(version)}`;
  const [dataset, frame] = [digestOf(`d${name}`), digestOf(`f${name}`)];
  const artifact = parts.artifact ?? digestOf(`a${name}`);
  const runId = parts.runId ?? `run-${name}`;
  const evaluationId = `evaluation-${name}`;
  const manifest = { kind: 'dataset', watermark: { from: null, to: '2026-01-31T00:00:00Z' } };
  await db.query(
    `INSERT INTO dataset_versions (digest, model, environment, source, rows, manifest)
     VALUES ($1, $2, $3, 'orders', 1200, $4) ON CONFLICT DO NOTHING`,
    [dataset, model, environment, JSON.stringify(manifest)],
  );
  await db.query(
    'INSERT INTO frames (digest, model, environment, version, manifest) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
    [frame, model, environment, version, JSON.stringify({ kind: 'frame', datasets: { orders: dataset } })],
  );
  await db.query(
    `INSERT INTO runs (run_id, model, environment, version, status, attempt, frame, parameters, seed, code_digest,
                       runtime, metrics, signature, artifact, size_bytes, finished_at)
     VALUES ($1, $2, $3, $4, 'succeeded', 1, $5, '{"trees": 50}', 7, 'c0de', '{"device": "cpu", "python": "3.11"}',
             '{"loss": 0.3}', '{"inputs": [], "outputs": []}', $6, 2048, now()) ON CONFLICT DO NOTHING`,
    [runId, model, environment, version, frame, artifact],
  );
  const overall = { auc: parts.auc ?? 0.81 };
  const slices = [{ name: 'region=EU', count: 60, metrics: { auc: 0.79 } }];
  const latency = { samples: 300, msP50: 0.1, msP99: 0.4 };
  const report = { evaluationId, metrics: { overall, count: 100, slices }, latency };
  await db.query(
    'INSERT INTO evaluations (evaluation_id, model, environment, version, report) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
    [evaluationId, model, environment, version, JSON.stringify(report)],
  );
  const training = {
    runId,
    artifact,
    sizeBytes: 2048,
    metrics: { loss: 0.3 },
    device: 'cpu',
    durationMs: 10,
  };
  return { training, evaluationId, frame, dataset };
}

/** A version that has been produced and registered: a candidate. */
export async function candidate(db: Database, ref: ModelRef, key: string): Promise<number> {
  const spec = { ...ref, specRevision: 1 };
  const version = await withTransaction(db, (tx) =>
    allocateVersion(tx, { ...spec, key, trigger: triggerOf(key) }),
  );
  const { training, evaluationId } = await writeProduction(db, { ...ref, version });
  await withTransaction(db, (tx) => registerVersion(tx, { ...spec, version, training, evaluationId }));
  return version;
}

export function gateReportOf(version: number, comparedWith: number | null = null): GateReport {
  return {
    version,
    comparedWith,
    verdict: { kind: 'pass', reason: 'all gates pass' },
    gates: [
      {
        gate: 'good-enough',
        type: 'metric',
        verdict: { kind: 'pass', reason: 'auc 0.81 >= 0.7' },
        evidence: { metric: 'auc', value: 0.81 },
      },
    ],
    evidenceHash: digestOf(`evidence${String(version)}`),
    firstVersion: comparedWith === null,
    ungated: false,
  };
}

export async function writeGateReport(db: Queryable, ref: ModelRef, report: GateReport): Promise<void> {
  await db.query(
    `INSERT INTO gate_reports (model, environment, version, evidence_hash, report) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING`,
    [ref.model, ref.environment, report.version, report.evidenceHash, JSON.stringify(report)],
  );
}

export async function auditActions(db: Queryable, model: string): Promise<string[]> {
  const { rows } = await db.query<{ action: string }>(
    'SELECT action FROM audit_events WHERE model = $1 ORDER BY seq',
    [model],
  );
  return rows.map((row) => row.action);
}
