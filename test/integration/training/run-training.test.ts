import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import { digestOfFile } from '../../../src/artifacts/blob-cache.ts';
import { PerennialError } from '../../../src/errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../../../src/errors/lifecycle-errors.ts';
import { getRun } from '../../../src/registry/runs.ts';
import { verifyAudit } from '../../../src/registry/audit.ts';
import { removeForgottenRuns } from '../../../src/training/training-workspace.ts';
import { TRAINER_PATH, TrainingWorld, attempt, train } from './training-world.ts';

let world: TrainingWorld;
beforeAll(async () => {
  world = await TrainingWorld.open();
});
afterAll(async () => {
  await world.db.end();
  rmSync(world.dataDir, { recursive: true, force: true });
});

const auditOf = async (model: string) =>
  (
    await world.db.query<{ action: string }>(
      `SELECT action FROM audit_events WHERE model = $1 AND action LIKE 'run.%' ORDER BY seq`,
      [model],
    )
  ).rows.map((row) => row.action);

describe('a run that ends well', () => {
  it('leaves artifact, signature, files and log, and an audit event', async () => {
    const run = await world.newRun({ parameters: { mode: 'good' }, seed: 7 });
    const host = attempt();
    const result = await train(world, run, host);
    expect(result).toMatchObject({ runId: run.runId, metrics: { loss: 0.25 }, device: 'cpu' });
    const record = await getRun(world.db, run.runId);
    expect(record).toMatchObject({ status: 'succeeded', seed: 7, codeDigest: world.bundle, error: null });
    expect(record.signature?.inputs[0]?.features).toEqual(['shop.a', 'shop.b', 'shop.c']);
    expect(record.featureImportance).toEqual({ 'shop.a': 1, 'shop.b': 1, 'shop.c': 1 });
    expect(await digestOfFile(await world.store.fetchFile(result.artifact))).toBe(result.artifact);
    const [file] = record.files;
    expect((await world.store.readBytes(file?.digest ?? '')).toString()).toBe('notes');
    expect((await world.store.readBytes(record.logBlob ?? '')).toString()).toContain('python trainer.py');
    expect(await auditOf(run.model)).toEqual(['run.started', 'run.succeeded']);
    expect(host.beats.at(-1)).toMatchObject({ step: 1, totalSteps: 5, metrics: { loss: 0.5 } });
    expect((await verifyAudit(world.db)).kind).toBe('whole');
  });

  it('is not trained again when it is asked for again', async () => {
    const file = join(world.dataDir, 'trained-count');
    const run = await world.newRun({ parameters: { mode: 'count', file } });
    const first = await train(world, run);
    const again = await train(world, run, attempt({ attempt: 2 }));
    expect(again).toEqual(first);
    expect(readFileSync(file, 'utf8')).toBe('trained\n');
    expect(await auditOf(run.model)).toEqual(['run.started', 'run.succeeded']);
  });

  it('refuses an id that belongs to another version', async () => {
    const run = await world.newRun({ parameters: { mode: 'good' } });
    await train(world, run);
    await expect(train(world, { ...run, version: 2 })).rejects.toMatchObject({ code: 'RUN_CONFLICT' });
  });

  it('shows the trainer nothing of the worker but what the spec allows', async () => {
    const run = await world.newRun({ parameters: { mode: 'environment' }, environment: ['ALLOWED_TOKEN'] });
    const environment = { PATH: TRAINER_PATH, DATABASE_URL: 'x', ALLOWED_TOKEN: 'allowed-value' };
    await train(world, run, attempt(), { environment });
    const [file] = (await getRun(world.db, run.runId)).files;
    const seen = await world.store.readJson<Record<string, string>>(file?.digest ?? '');
    // Python sets LC_CTYPE by itself.
    expect(
      Object.keys(seen)
        .sort()
        .filter((name) => name !== 'LC_CTYPE'),
    ).toEqual([
      'ALLOWED_TOKEN',
      'CUDA_VISIBLE_DEVICES',
      'HOME',
      'LANG',
      'OMP_NUM_THREADS',
      'OMP_WAIT_POLICY',
      'PATH',
      'PERENNIAL_INPUT',
      'PYTHONHASHSEED',
      'PYTHONUNBUFFERED',
      'TMPDIR',
    ]);
  });
});

describe('a run whose result cannot be kept yet', () => {
  const away = (what: string) =>
    new PerennialError(DEPENDENCY_UNAVAILABLE, `S3 failed to write ${what}: ECONNREFUSED`);

  it('is kept when the store is back, and not trained again', async () => {
    const file = join(world.dataDir, 'trained-for-later');
    const run = await world.newRun({ parameters: { mode: 'count', file } });
    const stored: string[] = [];
    const store: ArtifactStore = {
      ...world.store,
      putFile: async (path) => {
        const name = basename(path);
        stored.push(name);
        if (stored.filter((each) => each === name).length === 1 && name !== 'trainer.log') throw away(name);
        return world.store.putFile(path);
      },
    };
    const result = await train(world, run, attempt(), { store });
    expect(stored).toEqual(['model.onnx', 'model.onnx', '0', 'model.onnx', '0', 'trainer.log']);
    expect(readFileSync(file, 'utf8')).toBe('trained\n');
    expect(await world.store.has(result.artifact)).toBe(true);
    expect(await auditOf(run.model)).toEqual(['run.started', 'run.succeeded']);
  });

  it('is recorded when the database is back', async () => {
    const run = await world.newRun({ parameters: { mode: 'good' } });
    let trained = false;
    const store: ArtifactStore = {
      ...world.store,
      putFile: async (path) => {
        trained = true;
        return world.store.putFile(path);
      },
    };
    let away = 0;
    const db = new Proxy(world.db, {
      get: (target, name) => {
        if (name !== 'connect' || !trained || away > 0) return Reflect.get(target, name) as unknown;
        return async () => {
          away += 1;
          throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
        };
      },
    });
    await train(world, run, attempt(), { store, db });
    expect(away).toBe(1);
    expect(await auditOf(run.model)).toEqual(['run.started', 'run.succeeded']);
  });

  it('waits no longer once it is cancelled', async () => {
    const run = await world.newRun({ parameters: { mode: 'good' } });
    const controller = new AbortController();
    const reason = new CancelledFailure('CANCELLED');
    const store: ArtifactStore = {
      ...world.store,
      putFile: async (path) => {
        controller.abort(reason);
        throw away(path);
      },
    };
    await expect(train(world, run, attempt({ signal: controller.signal }), { store })).rejects.toMatchObject({
      name: 'CancelledFailure',
    });
    expect(await getRun(world.db, run.runId)).toMatchObject({ status: 'cancelled' });
  });
});

describe('a run that fails', () => {
  it.each([
    ['refuse', 'TRAINER_REFUSED_INPUT', 'never', 'label column has one value'],
    ['nul', 'TRAINER_REFUSED_INPUT', 'never', 'label \uFFFD column'],
    ['half-a-character', 'TRAINER_RESULT_INVALID', 'never', 'half of a surrogate pair'],
    ['retry', 'TRAINER_ASKED_RETRY', 'later', ''],
    ['silent', 'TRAINER_RESULT_INVALID', 'never', 'result.json'],
    ['garbage', 'TRAINER_RESULT_INVALID', 'never', 'not JSON'],
    ['wrong-version', 'TRAINER_RESULT_INVALID', 'never', 'metrics.loss'],
    ['escape', 'TRAINER_RESULT_INVALID', 'never', 'outputDir'],
    ['link', 'TRAINER_RESULT_INVALID', 'never', 'leads out of outputDir'],
    ['not-onnx', 'TRAINER_RESULT_INVALID', 'never', 'cannot be loaded'],
    ['reordered', 'TRAINER_RESULT_INVALID', 'never', 'in this order'],
    ['wrong-output', 'TRAINER_RESULT_INVALID', 'never', 'probability'],
  ])('because its trainer is one of %s is %s', async (mode, code, retry, text) => {
    const run = await world.newRun({ parameters: { mode } });
    const failure = await train(world, run).then(
      () => null,
      (error: unknown) => error as Error,
    );
    const record = await getRun(world.db, run.runId);
    const trainedMs = Date.parse(record.finishedAt ?? '') - Date.parse(record.startedAt);
    expect(failure).toMatchObject({ code, retry, details: { trainedMs } });
    expect(failure?.message).toContain(text);
    expect(record).toMatchObject({ status: 'failed', error: { code }, artifact: null });
    expect(record.logBlob).not.toBeNull();
    expect(await auditOf(run.model)).toEqual(['run.started', 'run.failed']);
  });

  it('keeps a secret that its trainer printed out of log and message', async () => {
    const run = await world.newRun({ parameters: { mode: 'leak' }, environment: ['ALLOWED_TOKEN'] });
    const environment = { PATH: TRAINER_PATH, ALLOWED_TOKEN: 'hunter2-hunter2' };
    const failure = await train(world, run, attempt(), { environment }).catch((error: unknown) => error);
    expect(String(failure)).toContain('token is [masked]');
    const { logBlob } = await getRun(world.db, run.runId);
    expect((await world.store.readBytes(logBlob ?? '')).toString()).not.toContain('hunter2');
  });

  it('says which variable of the spec the worker lacks', async () => {
    const run = await world.newRun({ parameters: { mode: 'good' }, environment: ['ABSENT_KEY'] });
    await expect(train(world, run)).rejects.toMatchObject({
      code: 'TRAINER_COMMAND_INVALID',
      message: expect.stringContaining('ABSENT_KEY') as string,
    });
  });

  it('is stopped and told apart when it makes no progress, and when it takes too long', async () => {
    const hung = await world.newRun({ parameters: { mode: 'hang' }, progressTimeout: '700ms' });
    await expect(train(world, hung)).rejects.toMatchObject({ code: 'TRAINER_HUNG', retry: 'later' });
    const slow = await world.newRun({ parameters: { mode: 'forever' }, timeout: '700ms' });
    await expect(train(world, slow)).rejects.toMatchObject({ code: 'TRAINER_TIMEOUT', retry: 'never' });
  });
});

describe('the attempts of a trainer', () => {
  it('are spent by its own failures only, not by workers that died or were stopped', async () => {
    const run = await world.newRun({
      parameters: { mode: 'hang' },
      progressTimeout: '500ms',
      maxAttempts: 2,
    });
    const stopped = new AbortController();
    const first = train(world, run, attempt({ signal: stopped.signal }));
    stopped.abort(new Error('the worker shuts down'));
    await expect(first).rejects.toThrow();
    // Attempts 2 to 7 ended with their workers: nothing was recorded.
    await expect(train(world, run, attempt({ attempt: 8 }))).rejects.toMatchObject({
      code: 'TRAINER_HUNG',
      retry: 'later',
    });
    await expect(train(world, run, attempt({ attempt: 9 }))).rejects.toMatchObject({
      code: 'TRAINER_ATTEMPTS_SPENT',
      retry: 'never',
    });
  });
});

describe('a run that is interrupted', () => {
  it('resumes after a crash from its newest checkpoint, on another machine too', async () => {
    for (const sameMachine of [true, false]) {
      const run = await world.newRun({ parameters: { mode: 'crash-once' } });
      const first = attempt();
      await expect(train(world, run, first)).rejects.toMatchObject({ code: 'TRAINER_FAILED' });
      const last = first.beats.at(-1) ?? null;
      expect(last?.checkpoint).toMatchObject({ name: 'step-3' });
      if (!sameMachine) rmSync(join(world.dataDir, 'runs'), { recursive: true, force: true });
      await train(world, run, attempt({ attempt: 2, lastHeartbeat: last }));
      const record = await getRun(world.db, run.runId);
      expect(record).toMatchObject({ status: 'succeeded', attempt: 2 });
      expect(record.runtime).toMatchObject({ attempt: 2, resumedAt: 3 });
    }
  });

  it('is asked to checkpoint when it is cancelled, and the checkpoint is kept', async () => {
    const run = await world.newRun({ parameters: { mode: 'forever' } });
    const controller = new AbortController();
    const host = attempt({ signal: controller.signal });
    const reason = new CancelledFailure('CANCELLED');
    const watching = {
      ...host,
      heartbeat(details: Parameters<typeof host.heartbeat>[0]) {
        host.heartbeat(details);
        if (details.step === 1) controller.abort(reason);
      },
    };
    await expect(train(world, run, watching)).rejects.toMatchObject({
      name: 'CancelledFailure',
      details: [{ details: { trainedMs: expect.any(Number) as number } }],
    });
    expect(host.beats.at(-1)?.checkpoint).toMatchObject({ name: 'step-2' });
    expect(await getRun(world.db, run.runId)).toMatchObject({ status: 'cancelled' });
  });

  it('says so when its frame is not in the store, and is not trained under another one', async () => {
    const run = await world.newRun({ parameters: { mode: 'good' } });
    const lost = { ...run, frame: 'a'.repeat(64) };
    await expect(train(world, lost)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    await expect(train(world, run)).rejects.toMatchObject({ code: 'RUN_CONFLICT' });
  });

  it('leaves nothing on the disk for ever, and nothing at all when it ended well', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'perennial-runs-'));
    const run = await world.newRun({ parameters: { mode: 'refuse' } });
    await train(world, run, attempt(), { dataDir }).catch(() => undefined);
    const [left] = readdirSync(join(dataDir, 'runs'));
    expect(left).toBeDefined();
    await removeForgottenRuns(dataDir);
    expect(readdirSync(join(dataDir, 'runs'))).toEqual([left]);
    await removeForgottenRuns(dataDir, Date.now() + 8 * 24 * 3_600_000);
    expect(readdirSync(join(dataDir, 'runs'))).toEqual([]);
    const good = await world.newRun({ parameters: { mode: 'good' } });
    await train(world, good, attempt(), { dataDir });
    expect(readdirSync(join(dataDir, 'runs'))).toEqual([]);
    rmSync(dataDir, { recursive: true, force: true });
  });
});
