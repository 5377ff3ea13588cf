import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { allocateVersion, registerVersion } from '../../../src/registry/version-production.ts';
import { getVersion, moveStage, stageHistory } from '../../../src/registry/versions.ts';
import type { VersionStage } from '../../../src/domain/version-stage.ts';
import {
  ADA,
  applyModel,
  auditActions,
  candidate,
  openRegistry,
  triggerOf,
  writeProduction,
} from './registry-fixture.ts';

let db: Database;
beforeAll(async () => {
  db = await openRegistry();
});
afterAll(() => db.end());

const allocate = (ref: { model: string; environment: string }, key: string) =>
  withTransaction(db, (tx) => allocateVersion(tx, { ...ref, specRevision: 1, key, trigger: triggerOf(key) }));
const move = (ref: { model: string; environment: string }, version: number, stage: VersionStage) =>
  withTransaction(db, (tx) => moveStage(tx, { ...ref, version, stage, reason: 'test', actor: ADA }));

describe('version numbers', () => {
  it('answer the same number to the same trigger key, however often it asks at once', async () => {
    const ref = await applyModel(db, 'keys');
    const asked = await Promise.all(Array.from({ length: 8 }, () => allocate(ref, 'k1')));
    expect(new Set(asked)).toEqual(new Set([1]));
    expect(await allocate(ref, 'k2')).toBe(2);
  });

  it('have no gap and no double when many keys ask at once', async () => {
    const ref = await applyModel(db, 'storm');
    const asked = await Promise.all(Array.from({ length: 20 }, (_, n) => allocate(ref, `k${String(n)}`)));
    expect(asked.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });

  it('are refused for a model that was never applied', async () => {
    await expect(allocate({ model: 'nobody', environment: 'test' }, 'k')).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
  });
});

describe('stages', () => {
  it('move with history and audit, and a move already made is success', async () => {
    const ref = await applyModel(db, 'moving');
    const version = await candidate(db, ref, 'k');
    await move(ref, version, 'validated');
    await move(ref, version, 'validated');
    const stages = (await stageHistory(db, { ...ref, version })).map((record) => record.stage);
    expect(stages).toEqual(['producing', 'candidate', 'validated']);
    expect((await auditActions(db, 'moving')).filter((a) => a === 'version.stage_changed')).toHaveLength(2);
  });

  it('refuse a move that the state machine does not have, and stay', async () => {
    const ref = await applyModel(db, 'refusing');
    const version = await candidate(db, ref, 'k');
    await expect(move(ref, version, 'champion')).rejects.toMatchObject({ code: 'STAGE_MOVE_REFUSED' });
    expect((await getVersion(db, { ...ref, version })).stage).toBe('candidate');
  });

  it('never deadlock when many move the same and other versions at once', async () => {
    const ref = await applyModel(db, 'crowd');
    const versions = [await candidate(db, ref, 'a'), await candidate(db, ref, 'b')];
    const movers = Array.from({ length: 12 }, (_, n) =>
      withTransaction(db, async (tx) => {
        const order = n % 2 === 0 ? versions : [...versions].reverse();
        for (const version of order)
          await moveStage(tx, { ...ref, version, stage: 'validated', reason: 'test', actor: ADA });
      }),
    );
    await Promise.all(movers);
    expect((await getVersion(db, { ...ref, version: versions[0]! })).stage).toBe('validated');
  });

  it('leave no stage without its audit event when the transaction fails', async () => {
    const ref = await applyModel(db, 'atomic');
    const version = await candidate(db, ref, 'k');
    const before = await auditActions(db, 'atomic');
    const failing = withTransaction(db, async (tx) => {
      await moveStage(tx, { ...ref, version, stage: 'validated', reason: 'test', actor: ADA });
      throw new Error('the process dies here');
    });
    await expect(failing).rejects.toThrow('dies');
    expect((await getVersion(db, { ...ref, version })).stage).toBe('candidate');
    expect(await auditActions(db, 'atomic')).toEqual(before);
  });
});

describe('registering a version', () => {
  it('refuses without a succeeded run and an evaluation, and names every missing part', async () => {
    const ref = await applyModel(db, 'incomplete');
    const version = await allocate(ref, 'k');
    const training = { runId: 'none', artifact: 'a', sizeBytes: 1, metrics: {}, device: null, durationMs: 1 };
    const refused = withTransaction(db, (tx) =>
      registerVersion(tx, { ...ref, specRevision: 1, version, training, evaluationId: 'none' }),
    );
    await expect(refused).rejects.toMatchObject({
      code: 'VERSION_INCOMPLETE',
      problems: [{ path: 'run' }, { path: 'evaluation' }],
    });
  });

  it('refuses an artifact that the run did not make', async () => {
    const ref = await applyModel(db, 'foreign');
    const version = await allocate(ref, 'k');
    const { training, evaluationId } = await writeProduction(db, { ...ref, version });
    const refused = withTransaction(db, (tx) =>
      registerVersion(tx, {
        ...ref,
        specRevision: 1,
        version,
        training: { ...training, artifact: 'other' },
        evaluationId,
      }),
    );
    await expect(refused).rejects.toMatchObject({ code: 'VERSION_INCOMPLETE' });
  });

  it('is success again after the version has moved on, and changes nothing', async () => {
    const ref = await applyModel(db, 'repeated');
    const version = await candidate(db, ref, 'k');
    await move(ref, version, 'validated');
    const { training, evaluationId } = await writeProduction(db, { ...ref, version });
    await withTransaction(db, (tx) =>
      registerVersion(tx, { ...ref, specRevision: 1, version, training, evaluationId }),
    );
    expect((await getVersion(db, { ...ref, version })).stage).toBe('validated');
  });

  it('never replaces the artifact of a registered version', async () => {
    const ref = await applyModel(db, 'immutable');
    const version = await candidate(db, ref, 'k');
    const before = await getVersion(db, { ...ref, version });
    const { training, evaluationId } = await writeProduction(
      db,
      { ...ref, version },
      { runId: 'second-run' },
    );
    const refused = withTransaction(db, (tx) =>
      registerVersion(tx, { ...ref, specRevision: 1, version, training, evaluationId }),
    );
    await expect(refused).rejects.toMatchObject({ code: 'VERSION_INCOMPLETE' });
    expect((await getVersion(db, { ...ref, version })).runId).toBe(before.runId);
  });
});
