import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import type { ApplyAnswer } from '../contracts/api/answers.ts';
import type { ApplyRequest, SpecFile } from '../contracts/api/requests.ts';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import { holdsStorable } from '../contracts/storable-text.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { Actor } from '../domain/actor.ts';
import { effectiveSpec } from '../domain/spec/effective-spec.ts';
import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../errors/lifecycle-errors.ts';
import { SPEC_INVALID, SPEC_NOT_CARRIED_OUT } from '../errors/spec-errors.ts';
import { checkWebhookUrl } from '../notifications/webhook-address.ts';
import { withTransaction } from '../registry/database.ts';
import { listModels } from '../registry/models.ts';
import { applySpec, loadSpecRecord, previewSpec } from '../registry/specs.ts';
import { parseSpec } from '../spec/load-spec.ts';
import { packBundle } from '../training/bundle.ts';
import type { ApiDependencies } from './api-instance.ts';
import { syncSchedules } from './schedules.ts';

type Deps = Pick<
  ApiDependencies,
  'db' | 'artifacts' | 'lifecycle' | 'temporal' | 'environment' | 'webhookAllowedHosts'
>;

/** Stores the files as a bundle, in the one form that trainers unpack. null when there are none. */
async function bundleOf(artifacts: Deps['artifacts'], files: readonly SpecFile[]): Promise<string | null> {
  if (files.length === 0) return null;
  const folder = await mkdtemp(join(tmpdir(), 'perennial-apply-'));
  try {
    for (const file of files) {
      const target = join(folder, file.path);
      await mkdir(dirname(target), { recursive: true });
      const mode = file.executable ? 0o755 : 0o644;
      await writeFile(target, Buffer.from(file.contentBase64, 'base64'), { mode, flag: 'wx' });
    }
    return await packBundle(artifacts, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function refuseDuplicates(files: readonly SpecFile[]): void {
  const paths = files.map((file) => file.path);
  const clash = paths.find(
    (path, index) => paths.indexOf(path) !== index || paths.some((other) => other.startsWith(`${path}/`)),
  );
  if (clash === undefined) return;
  throw new PerennialError(SPEC_INVALID, `the files name ${clash} twice, or as a file and a folder`, {
    problems: [{ path: 'files', message: `${clash} is named twice, or as a file and a folder` }],
  });
}

/** Checks what the schema cannot: SQL must be in place, and every text must be one that can be stored. */
function storableSpec(value: unknown): ModelSpec {
  const spec = parseSpec(value);
  if (!holdsStorable(spec)) {
    const message = 'the spec holds a NUL character or half of a surrogate pair, which cannot be stored';
    throw new PerennialError(SPEC_INVALID, message);
  }
  const places = sqlFiles(spec, '');
  if (places.length > 0) {
    const problems = places.map((path) => ({
      path,
      message: 'names a file; send its text as {"sql": …}, as `perennial apply` does',
    }));
    throw new PerennialError(SPEC_INVALID, `the spec names files at ${places.join(', ')}`, { problems });
  }
  return spec;
}

/** What the schema has a place for and nothing acts on is refused, so that nobody waits for it in vain. */
function refuseUnimplemented(spec: ModelSpec): void {
  if (spec.training.tuning === undefined) return;
  const path = 'training.tuning';
  const message =
    'is not carried out yet: leave it out and give the parameters under training.trainer.parameters';
  throw new PerennialError(SPEC_NOT_CARRIED_OUT, `${path} ${message}`, { problems: [{ path, message }] });
}

/** An address that no webhook would ever be sent to is refused now, not when the first event is to be told. */
function refuseUnreachableWebhooks(spec: ModelSpec, deps: Deps): void {
  const { notifications } = effectiveSpec(spec, deps.environment);
  const replaced = notifications !== spec.notifications;
  const section = `${replaced ? `environments.${deps.environment}.` : ''}notifications`;
  const problems = notifications.webhooks.flatMap(({ url }, index) => {
    try {
      if (URL.canParse(url)) checkWebhookUrl(new URL(url), deps.webhookAllowedHosts);
      return [];
    } catch (error) {
      if (!isPerennialError(error)) throw error;
      return [{ path: `${section}.webhooks[${index}].url`, message: error.message }];
    }
  });
  if (problems[0])
    throw new PerennialError(SPEC_INVALID, `${problems[0].path}: ${problems[0].message}`, { problems });
}

/** Paths of SQL that is still the name of a file. */
function sqlFiles(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === 'file' && typeof entries[0][1] === 'string') return [path];
  return entries.flatMap(([key, part]) => sqlFiles(part, path === '' ? key : `${path}.${key}`));
}

/**
 * Applies a spec: stored first, then told to the lifecycle (started where it does not run) and to the schedules. A
 * crash in between leaves a stored spec, which the next apply, or the next start of the API, carries on from.
 */
export async function applyModelSpec(
  deps: Deps,
  request: z.output<typeof ApplyRequest>,
  actor: Actor,
): Promise<ApplyAnswer> {
  const { environment } = deps;
  const spec = storableSpec(request.spec);
  refuseUnimplemented(spec);
  refuseUnreachableWebhooks(spec, deps);
  refuseDuplicates(request.files);
  const ref = { model: spec.name, environment };
  const bundle = await bundleOf(deps.artifacts, request.files);
  if (request.dryRun) {
    const preview = await previewSpec(deps.db, { environment, spec, bundle, actor });
    return { ...ref, ...preview, dryRun: true, schedules: [] };
  }
  const applied = await withTransaction(deps.db, (tx) => applySpec(tx, { environment, spec, bundle, actor }));
  const schedules = await carryOut(deps, ref);
  return { ...ref, ...applied, dryRun: false, schedules };
}

/** Tells the lifecycle the newest revision and makes the schedules fit it. Repeating it changes nothing. */
async function carryOut(deps: Deps, ref: ModelRef): Promise<string[]> {
  const { revision } = await loadSpecRecord(deps.db, ref);
  await deps.lifecycle.announceSpec(ref, revision);
  return refreshSchedules(deps, ref);
}

/**
 * Makes the schedules fit the newest revision and the lifecycle's pause. One that is applied meanwhile may have made its
 * own before: then they are made again, so that those of the newest stand in the end.
 */
export async function refreshSchedules(deps: Deps, ref: ModelRef): Promise<string[]> {
  for (;;) {
    const { spec, revision } = await loadSpecRecord(deps.db, ref);
    const paused = await pausedOf(deps, ref);
    const schedules = await syncSchedules(deps.temporal, ref, effectiveSpec(spec, ref.environment), paused);
    if ((await loadSpecRecord(deps.db, ref)).revision === revision) return schedules;
  }
}

/** Whether the lifecycle is paused; null when it can't say now, because no worker runs. */
async function pausedOf(deps: Deps, ref: ModelRef): Promise<boolean | null> {
  try {
    const state = await deps.lifecycle.lifecycleState(ref);
    return state === null ? null : state.paused !== null;
  } catch (error) {
    if (isPerennialError(error) && error.code === DEPENDENCY_UNAVAILABLE.code) return null;
    throw error;
  }
}

/** At the API's start: finishes what an earlier process may have left half told. */
export async function carryOutAll(
  deps: Deps,
  onError: (ref: ModelRef, error: unknown) => void,
): Promise<void> {
  for (const { model, environment } of await listModels(deps.db, deps.environment)) {
    const ref = { model, environment };
    await carryOut(deps, ref).catch((error: unknown) => onError(ref, error));
  }
}
