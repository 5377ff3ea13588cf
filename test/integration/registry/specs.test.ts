import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { applySpec, lifecyclePolicy, loadSpecRecord, previewSpec } from '../../../src/registry/specs.ts';
import { verifyAudit } from '../../../src/registry/audit.ts';
import { ADA, applyModel, auditActions, ENVIRONMENT, openRegistry, specOf } from './registry-fixture.ts';

let db: Database;
beforeAll(async () => {
  db = await openRegistry();
});
afterAll(() => db.end());

const apply = (name: string, parts = {}, bundle: string | null = null) =>
  withTransaction(db, (tx) =>
    applySpec(tx, { environment: ENVIRONMENT, spec: specOf(name, parts), bundle, actor: ADA }),
  );

describe('applying a spec', () => {
  it('makes the model and revision 1, and audits both', async () => {
    const applied = await apply('first');
    expect(applied).toMatchObject({ revision: 1, changed: true });
    expect(await auditActions(db, 'first')).toEqual(['model.created', 'spec.applied']);
  });

  it('changes nothing when the same spec is applied again', async () => {
    await apply('same');
    expect(await apply('same')).toEqual({ revision: 1, changed: false, diff: [] });
    expect(await auditActions(db, 'same')).toHaveLength(2);
  });

  it('names exactly the paths that changed', async () => {
    await apply('changed');
    const applied = await apply('changed', { description: 'New words.', labels: { tier: 'gold' } });
    expect(applied.revision).toBe(2);
    expect(applied.diff).toEqual([
      { path: 'description', before: 'Ranks plants for a visitor.', after: 'New words.' },
      { path: 'labels.tier', after: 'gold' },
    ]);
  });

  it('counts a change of the trainer files alone as a change', async () => {
    await apply('files', {}, 'aa');
    expect(await apply('files', {}, 'bb')).toEqual({
      revision: 2,
      changed: true,
      diff: [{ path: 'bundle', before: 'aa', after: 'bb' }],
    });
  });

  it('gives two appliers at once one revision each', async () => {
    await apply('race');
    const [a, b] = await Promise.all([
      apply('race', { description: 'one' }),
      apply('race', { description: 'two' }),
    ]);
    expect([a.revision, b.revision].sort()).toEqual([2, 3]);
  });

  it('previews without writing', async () => {
    const spec = specOf('unseen');
    const preview = await previewSpec(db, { environment: ENVIRONMENT, spec, bundle: null, actor: ADA });
    expect(preview).toMatchObject({ revision: 1, changed: true });
    await expect(loadSpecRecord(db, { model: 'unseen', environment: ENVIRONMENT })).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
  });
});

describe('reading a spec', () => {
  it('gives back an older revision that a run has pinned', async () => {
    const ref = await applyModel(db, 'pinned');
    await apply('pinned', { description: 'later' });
    const record = await loadSpecRecord(db, { ...ref, specRevision: 1 });
    expect(record.spec.description).toBe('Ranks plants for a visitor.');
    await expect(loadSpecRecord(db, { ...ref, specRevision: 9 })).rejects.toMatchObject({
      code: 'SPEC_NOT_FOUND',
    });
  });

  it('puts the overrides of its environment into the policy', async () => {
    const environments = { [ENVIRONMENT]: { approval: null }, prod: { retraining: { dailyBudget: 1 } } };
    const ref = await applyModel(db, 'overridden', { environments, monitoring: { every: '5m' } });
    const policy = lifecyclePolicy(await loadSpecRecord(db, ref));
    expect(policy.approval).toBeNull();
    expect(policy.retraining.dailyBudget).toBe(4);
    expect(policy.monitoringEveryMs).toBe(300_000);
    expect(policy.refreshEveryMs).toBeNull();
  });
});

it('keeps the audit chain whole over everything above', async () => {
  expect(await verifyAudit(db)).toMatchObject({ kind: 'whole' });
});
