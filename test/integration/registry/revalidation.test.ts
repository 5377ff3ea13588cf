import { afterAll, beforeAll, expect, it } from 'vitest';
import { withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { recordDecision } from '../../../src/registry/decisions.ts';
import { evaluationOfVersion } from '../../../src/registry/evaluations.ts';
import { adoptEvaluation, loadCandidate } from '../../../src/registry/revalidation.ts';
import { moveStage } from '../../../src/registry/versions.ts';
import { ADA, applyModel, auditActions, candidate, openRegistry } from './registry-fixture.ts';

let db: Database;
beforeAll(async () => {
  db = await openRegistry();
});
afterAll(() => db.end());

it('judges a candidate by the evaluation that was made again, and keeps the first on record', async () => {
  const ref = await applyModel(db, 'anew');
  const version = { ...ref, version: await candidate(db, ref, 'first') };
  expect(await loadCandidate(db, version)).toMatchObject({ stage: 'candidate', trigger: { key: 'first' } });
  await db.query(
    'INSERT INTO evaluations (evaluation_id, model, environment, version, report) VALUES ($1, $2, $3, 1, $4)',
    ['again', ref.model, ref.environment, JSON.stringify({ evaluationId: 'again' })],
  );
  expect((await evaluationOfVersion(db, version))?.evaluationId).not.toBe('again');
  const adopted = { ...version, evaluationId: 'again', actor: ADA, reason: 'the rule is mended' };
  for (let twice = 0; twice < 2; twice += 1) await withTransaction(db, (tx) => adoptEvaluation(tx, adopted));
  expect((await evaluationOfVersion(db, version))?.evaluationId).toBe('again');
  const actions = await auditActions(db, 'anew');
  expect(actions.filter((action) => action === 'version.revalidated')).toHaveLength(1);
});

it('knows a version by the trigger that it was taken for, as its production does', async () => {
  const ref = await applyModel(db, 'taken');
  const version = { ...ref, version: await candidate(db, ref, 'first') };
  const trigger = { key: 'now', source: 'api', reason: 'at once', requestedBy: ADA, requestedAt: 1 };
  const decision = {
    ...version,
    decisionId: 'test/taken/version/1/taken',
    kind: 'trigger',
    outcome: 'taken',
    reason: trigger.reason,
    actor: ADA,
    evidenceHash: null,
    evidence: { trigger, absorbed: [] },
  } as const;
  await withTransaction(db, (tx) => recordDecision(tx, decision));
  expect(await loadCandidate(db, version)).toEqual({ stage: 'candidate', trigger });
});

it('refuses a version that has moved on, also between the evaluation and its adoption', async () => {
  const ref = await applyModel(db, 'moved-on');
  const version = { ...ref, version: await candidate(db, ref, 'first') };
  await withTransaction(db, (tx) =>
    moveStage(tx, { ...version, stage: 'rejected', reason: 'no', actor: ADA }),
  );
  const refusal = { code: 'VERSION_NOT_CANDIDATE', details: { stage: 'rejected' } };
  await expect(loadCandidate(db, version)).rejects.toMatchObject(refusal);
  const adopted = { ...version, evaluationId: 'again', actor: ADA, reason: 'the rule is mended' };
  await expect(withTransaction(db, (tx) => adoptEvaluation(tx, adopted))).rejects.toMatchObject(refusal);
  await expect(loadCandidate(db, { ...version, version: 9 })).rejects.toMatchObject({
    code: 'VERSION_NOT_FOUND',
  });
});
