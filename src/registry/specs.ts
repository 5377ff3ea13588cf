import { createHash } from 'node:crypto';
import type { LifecyclePolicy } from '../contracts/activities/control.ts';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { Actor } from '../domain/actor.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { diffSpecs } from '../domain/spec/diff-specs.ts';
import type { SpecChange } from '../domain/spec/diff-specs.ts';
import { effectiveSpec } from '../domain/spec/effective-spec.ts';
import { PerennialError } from '../errors/define-error.ts';
import { SPEC_NOT_FOUND } from '../errors/registry-errors.ts';
import { appendAudit } from './audit.ts';
import type { Queryable, Transaction } from './database.ts';
import { lockOrCreateModel, modelNotFound } from './models.ts';

/** One applied revision. `spec` is as parsed, before the environment's overrides. */
export interface SpecRecord extends ModelRef {
  readonly revision: number;
  readonly digest: string;
  readonly spec: ModelSpec;
  /** Digest of the bundle of the trainer's files; null when there are none. */
  readonly bundle: string | null;
  readonly appliedAt: string;
  readonly appliedBy: string;
}

export interface SpecApplication {
  readonly revision: number;
  readonly changed: boolean;
  /** From the revision before; the whole spec as one change for the first. The bundle is `bundle`. */
  readonly diff: readonly SpecChange[];
}

export interface ApplySpecInput {
  readonly environment: string;
  readonly spec: ModelSpec;
  readonly bundle: string | null;
  readonly actor: Actor;
}

interface SpecRow {
  model: string;
  environment: string;
  revision: number;
  digest: string;
  spec: ModelSpec;
  bundle: string | null;
  applied_at: Date;
  applied_by: string;
}

function digestOf(spec: ModelSpec, bundle: string | null): string {
  return createHash('sha256').update(canonicalJson({ spec, bundle })).digest('hex');
}

async function newest(db: Queryable, ref: ModelRef): Promise<SpecRow | undefined> {
  const { rows } = await db.query<SpecRow>(
    'SELECT * FROM model_specs WHERE model = $1 AND environment = $2 ORDER BY revision DESC LIMIT 1',
    [ref.model, ref.environment],
  );
  return rows[0];
}

function compare(before: SpecRow | undefined, input: ApplySpecInput): SpecApplication {
  if (before?.digest === digestOf(input.spec, input.bundle))
    return { revision: before.revision, changed: false, diff: [] };
  // What goes through JSON is what is stored and compared: absent keys, no `undefined`.
  const after = JSON.parse(JSON.stringify(input.spec)) as unknown;
  const bundles =
    (before?.bundle ?? null) === input.bundle
      ? []
      : [{ path: 'bundle', before: before?.bundle ?? null, after: input.bundle }];
  const diff = [...(before ? diffSpecs(before.spec, after) : [{ path: '', after }]), ...bundles];
  return { revision: (before?.revision ?? 0) + 1, changed: true, diff };
}

/** What `applySpec` would answer now. Writes nothing. */
export async function previewSpec(db: Queryable, input: ApplySpecInput): Promise<SpecApplication> {
  return compare(await newest(db, { model: input.spec.name, environment: input.environment }), input);
}

/** Makes the spec the newest revision, unless it is that already. The model is made on the first call. */
export async function applySpec(tx: Transaction, input: ApplySpecInput): Promise<SpecApplication> {
  const ref = { model: input.spec.name, environment: input.environment };
  await lockOrCreateModel(tx, ref, input.actor.id);
  const application = compare(await newest(tx, ref), input);
  if (!application.changed) return application;
  const digest = digestOf(input.spec, input.bundle);
  await tx.query(
    `INSERT INTO model_specs (model, environment, revision, digest, spec, bundle, applied_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      ref.model,
      ref.environment,
      application.revision,
      digest,
      JSON.stringify(input.spec),
      input.bundle,
      input.actor.id,
    ],
  );
  await appendAudit(tx, {
    actor: input.actor.id,
    action: 'spec.applied',
    ...ref,
    data: {
      revision: application.revision,
      digest,
      bundle: input.bundle,
      changedPaths: application.diff.map((change) => change.path),
    },
  });
  return application;
}

/**
 * The newest revision, or the one named.
 * @throws PerennialError MODEL_NOT_FOUND, SPEC_NOT_FOUND
 */
export async function loadSpecRecord(
  db: Queryable,
  ref: ModelRef & { readonly specRevision?: number },
): Promise<SpecRecord> {
  const row = await findRevision(db, ref);
  if (!row) {
    if (ref.specRevision === undefined || (await newest(db, ref)) === undefined) throw modelNotFound(ref);
    throw new PerennialError(SPEC_NOT_FOUND, `model ${ref.model} has no spec revision ${ref.specRevision}`);
  }
  return {
    model: row.model,
    environment: row.environment,
    revision: row.revision,
    digest: row.digest,
    spec: row.spec,
    bundle: row.bundle,
    appliedAt: row.applied_at.toISOString(),
    appliedBy: row.applied_by,
  };
}

async function findRevision(
  db: Queryable,
  ref: ModelRef & { readonly specRevision?: number },
): Promise<SpecRow | undefined> {
  if (ref.specRevision === undefined) return newest(db, ref);
  const { rows } = await db.query<SpecRow>(
    'SELECT * FROM model_specs WHERE model = $1 AND environment = $2 AND revision = $3',
    [ref.model, ref.environment, ref.specRevision],
  );
  return rows[0];
}

/** The part of a revision that workflows act on, with the environment's overrides in place. */
export function lifecyclePolicy(record: SpecRecord): LifecyclePolicy {
  const spec = effectiveSpec(record.spec, record.environment);
  const { timeout, progressTimeout, graceTime, maxAttempts, resources } = spec.training.trainer;
  return {
    specRevision: record.revision,
    approval: spec.approval,
    rollout: spec.rollout,
    retraining: spec.retraining,
    notifications: spec.notifications,
    allowUngated: spec.allowUngated,
    sources: Object.keys(spec.sources),
    monitoringEveryMs: spec.monitoring.every,
    refreshEveryMs: spec.features.refresh?.every ?? null,
    trainer: { timeout, progressTimeout, graceTime, maxAttempts, gpus: resources.gpus },
  };
}
