import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistryActivities } from '../../../activities/registry.ts';
import type { Decision } from '../../../src/contracts/activities/control.ts';
import { renderCard } from '../../../src/domain/card/render-card.ts';
import { cardFacts } from '../../../src/registry/card-facts.ts';
import { withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { listDecisions } from '../../../src/registry/decisions.ts';
import { getIncident } from '../../../src/registry/incidents.ts';
import { versionLineage } from '../../../src/registry/lineage.ts';
import { whatServedAt } from '../../../src/registry/served-at.ts';
import { modelTimeline } from '../../../src/registry/timeline.ts';
import { moveStage } from '../../../src/registry/versions.ts';
import { writeRoute } from '../../../src/registry/routes.ts';
import type { ArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import { openStore } from '../training/open-store.ts';
import {
  ADA,
  applyModel,
  auditActions,
  candidate,
  gateReportOf,
  openRegistry,
  writeGateReport,
} from './registry-fixture.ts';

let db: Database;
let artifacts: ArtifactStore;
beforeAll(async () => {
  db = await openRegistry();
  artifacts = await openStore();
});
afterAll(() => db.end());

const ref = (model: string) => ({ model, environment: 'test' });
const decisionOf = (model: string, version: number, parts: Partial<Decision> = {}): Decision => ({
  ...ref(model),
  decisionId: `${model}/${String(version)}/approval`,
  version,
  kind: 'approval',
  outcome: 'approved',
  reason: 'metrics are good',
  actor: { id: 'emil', roles: ['ml-engineer'] },
  evidenceHash: 'hash',
  evidence: { votes: 1 },
  ...parts,
});

/** Walks a version to champion with a decision, as the promotion does. */
async function serve(model: string, version: number): Promise<void> {
  await writeGateReport(db, ref(model), gateReportOf(version));
  const activities = createRegistryActivities({ db, artifacts });
  await activities.recordDecision(decisionOf(model, version));
  await withTransaction(db, async (tx) => {
    for (const stage of ['validated', 'approved', 'canary', 'champion'] as const)
      await moveStage(tx, { ...ref(model), version, stage, reason: 'walked', actor: ADA });
    await writeRoute(tx, {
      ...ref(model),
      key: `route-${String(version)}`,
      weights: [{ version, weight: 100 }],
      shadow: [],
      reason: 'promotion',
      actor: ADA,
    });
  });
}

describe('decisions', () => {
  it('are written once, with one audit event, however often the activity runs', async () => {
    await applyModel(db, 'decided');
    const version = await candidate(db, ref('decided'), 'k');
    const { recordDecision } = createRegistryActivities({ db, artifacts });
    await Promise.all(Array.from({ length: 5 }, () => recordDecision(decisionOf('decided', version))));
    expect(await listDecisions(db, { ...ref('decided'), version })).toHaveLength(1);
    expect((await auditActions(db, 'decided')).filter((a) => a === 'decision.recorded')).toHaveLength(1);
  });
});

describe('incidents', () => {
  it('are never re-opened by a late repetition of an acknowledgement', async () => {
    const activities = createRegistryActivities({ db, artifacts });
    const incident = { ...ref('calm'), incidentId: 'i-1', severity: 'critical' as const };
    const open = { ...incident, title: 'Drift', summary: 'It drifts.', facts: { psi: '0.4' } };
    await activities.openIncident(open);
    await activities.openIncident(open);
    const by = { incidentId: 'i-1', actor: { id: 'otto', roles: ['on-call' as const] }, reason: 'seen' };
    await activities.setIncidentStatus({ ...by, status: 'acknowledged' });
    await activities.setIncidentStatus({ ...by, status: 'resolved' });
    await activities.setIncidentStatus({ ...by, status: 'acknowledged' });
    expect(await getIncident(db, 'i-1')).toMatchObject({ status: 'resolved', acknowledgedBy: 'otto' });
    expect(await auditActions(db, 'calm')).toEqual([
      'incident.opened',
      'incident.acknowledged',
      'incident.resolved',
    ]);
    await expect(
      activities.setIncidentStatus({ ...by, incidentId: 'nope', status: 'resolved' }),
    ).rejects.toMatchObject({ code: 'INCIDENT_NOT_FOUND' });
  });
});

describe('the card', () => {
  it('shows data, features, run, metrics, gates and warnings of the version', async () => {
    await applyModel(db, 'carded', { approval: null });
    const version = await candidate(db, ref('carded'), 'k');
    await writeGateReport(db, ref('carded'), gateReportOf(version));
    const markdown = renderCard(await cardFacts(db, { ...ref('carded'), version }));
    for (const expected of [
      'Ranks plants for a visitor.',
      'shop@example.com',
      'orders',
      '1200',
      '2026-01-31T00:00:00Z',
      'Price in euro.',
      'region=EU',
      '0.79',
      'auc 0.81 \\>= 0.7',
      'No person is asked to approve',
      'First version',
      'cpu',
    ])
      expect(markdown).toContain(expected);
  });

  it('warns of a version that went on with fewer new examples than its spec wants', async () => {
    await applyModel(db, 'hasty');
    const version = await candidate(db, ref('hasty'), 'k');
    const { recordDecision } = createRegistryActivities({ db, artifacts });
    const production = { kind: 'production', evidenceHash: null } as const;
    const waited = (outcome: string, reason: string) =>
      recordDecision(
        decisionOf('hasty', version, { ...production, decisionId: `hasty/${outcome}`, outcome, reason }),
      );
    await waited('waiting', 'waits for 12 of 300 new examples');
    const facts = () => cardFacts(db, { ...ref('hasty'), version });
    expect((await facts()).warnings.join()).not.toContain('new examples');
    await waited('too_few_examples', '200 of 300 new examples');
    expect((await facts()).warnings).toContain(
      'It learned from fewer new examples than its spec wants: 200 of 300 new examples',
    );
  });

  it('is stored once at registration, and tells later decisions when it is read', async () => {
    await applyModel(db, 'kept');
    const version = await candidate(db, ref('kept'), 'k');
    const { writeCard, recordDecision } = createRegistryActivities({ db, artifacts });
    const first = await writeCard({ ...ref('kept'), version });
    await recordDecision(decisionOf('kept', version));
    expect(await writeCard({ ...ref('kept'), version })).toEqual(first);
    const stored = await artifacts.readJson<{ markdown: string }>(first.digest);
    expect(stored.markdown).not.toContain('metrics are good');
    expect(renderCard(await cardFacts(db, { ...ref('kept'), version }))).toContain('metrics are good');
  });

  it('registers no version whose artifact is not in the store', async () => {
    await applyModel(db, 'bytes');
    const { allocateVersion, registerVersion } = createRegistryActivities({ db, artifacts });
    const trigger = { key: 'k', source: 'api', reason: 'r', requestedBy: ADA, requestedAt: 0 } as const;
    const { version } = await allocateVersion({ ...ref('bytes'), specRevision: 1, key: 'k', trigger });
    const training = {
      runId: 'r',
      artifact: 'f'.repeat(64),
      sizeBytes: 1,
      metrics: {},
      device: null,
      durationMs: 1,
    };
    await expect(
      registerVersion({ ...ref('bytes'), specRevision: 1, version, training, evaluationId: 'e' }),
    ).rejects.toMatchObject({ code: 'VERSION_INCOMPLETE' });
  });
});

describe('history', () => {
  it('tells what served at a time, who allowed it and on which evidence, in one answer', async () => {
    await applyModel(db, 'served');
    const before = new Date();
    const version = await candidate(db, ref('served'), 'k');
    await serve('served', version);
    expect(await whatServedAt(db, ref('served'), before)).toBeNull();
    const { rows } = await db.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    expect(await whatServedAt(db, ref('served'), rows[0]!.now)).toMatchObject({
      generation: 1,
      champion: version,
      until: null,
      versions: [
        {
          version,
          weight: 100,
          decisions: [{ kind: 'approval', outcome: 'approved', actor: 'emil' }],
          evidence: { verdict: { kind: 'pass' } },
        },
      ],
    });
  });

  it('follows a version back to the watermarks and forward to what it served', async () => {
    await applyModel(db, 'traced');
    const version = await candidate(db, ref('traced'), 'k');
    await serve('traced', version);
    const lineage = await versionLineage(db, { ...ref('traced'), version });
    expect(lineage.run?.status).toBe('succeeded');
    expect(lineage.datasets).toMatchObject([
      { source: 'orders', rows: 1200, watermark: { to: '2026-01-31T00:00:00Z' } },
    ]);
    expect(lineage.serving).toMatchObject([{ generation: 1, weight: 100, shadow: false, until: null }]);
    expect(lineage.decisions).toHaveLength(1);
  });

  it('tells a timeline in sentences, newest first, page by page', async () => {
    await applyModel(db, 'told');
    const version = await candidate(db, ref('told'), 'k');
    await serve('told', version);
    const entries = await modelTimeline(db, ref('told'), { limit: 100 });
    const texts = entries.map((entry) => entry.text);
    expect(texts.at(-1)).toBe('the model was created');
    expect(texts).toContain('version 1 went from canary to champion: walked');
    expect(texts).toContain('approval decision on version 1: approved: metrics are good');
    const page = await modelTimeline(db, ref('told'), { limit: 2, before: new Date(entries[1]!.at) });
    expect(page[0]!.at <= entries[1]!.at).toBe(true);
  });
});
