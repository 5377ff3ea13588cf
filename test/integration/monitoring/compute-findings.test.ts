import { rmSync } from 'node:fs';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ModelSpecInput } from '../../../src/contracts/spec/model-spec.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import { evaluateVersion } from '../../../src/evaluation/evaluate-version.ts';
import { computeFindings } from '../../../src/monitoring/compute-findings.ts';
import { watchedChampion } from '../../../src/monitoring/watched-champion.ts';
import { openPredictionLog } from '../../../src/serving/prediction-log.ts';
import { PlantWorld, REF } from '../evaluation/plant-world.ts';
import { crown, route, serve } from './traffic.ts';
import type { Traffic } from './traffic.ts';

const MINUTE = 60_000;
const signal = new AbortController().signal;
const monitoring: NonNullable<ModelSpecInput['monitoring']> = {
  every: '1m',
  window: '10m',
  minSamples: 100,
  breaches: { k: 2, n: 3 },
  monitors: [
    { type: 'feature-drift', name: 'features', share: 0.3 },
    { type: 'feature-drift', name: 'taste', features: ['customer.taste'], share: 1, measure: 'psi' },
    { type: 'prediction-drift', name: 'scores' },
    { type: 'outcome-drift', name: 'labels', outcome: 'converted', maxRelativeChange: 0.3 },
    {
      type: 'concentration',
      name: 'one-for-all',
      by: 'plant_id',
      maxTopShare: 0.5,
      severity: 'critical',
      do: ['alert', 'rollback'],
    },
    { type: 'kpi', name: 'conversion', outcome: 'converted', minRatio: 0.6 },
    { type: 'freshness', name: 'fresh', source: 'customers', maxAge: '1h' },
    { type: 'staleness', name: 'stale', maxAge: '30d' },
    { type: 'latency', name: 'fast', maxMsP99: 50 },
  ],
};
const serving: NonNullable<ModelSpecInput['serving']> = {
  rank: { entity: ['customer_id'], candidate: ['plant_id'] },
  outcomes: { converted: { description: 'Bought.', type: 'boolean' } },
};

let world: PlantWorld;
let champion: number;
let now: number;
let passes = 0;
beforeAll(async () => {
  world = await PlantWorld.open();
});
afterAll(async () => {
  await world.db.end();
  rmSync(world.dataDir, { recursive: true, force: true });
});

/** A champion for some minutes, with 500 requests in the ten minutes of its bake before. */
async function newChampion(
  sections: Partial<ModelSpecInput> = {},
  { baked = true, minutes = 20 } = {},
): Promise<void> {
  const specRevision = await world.apply({ monitoring, serving, ...sections });
  champion = await world.train('linear', specRevision);
  await evaluateVersion(world.parts, { ...REF, specRevision, version: champion }, signal);
  now = Date.now();
  const baseline = {
    since: now - (minutes + 10) * MINUTE,
    until: now - minutes * MINUTE,
    requests: 500,
    outcomes: { converted: { count: 500, sum: 100 } },
  };
  await crown(world, champion, baseline.until, baked ? baseline : null);
  const rollout = { version: champion, from: baseline.since, to: baseline.until, arm: 'challenger' };
  if (baked) await serve(world, { ...rollout, requests: 500 });
}

const live = (more: Partial<Traffic> = {}): Traffic => ({
  version: champion,
  from: now - 8 * MINUTE,
  to: now - MINUTE,
  requests: 300,
  ...more,
});

async function pass(passId = `pass-${String((passes += 1))}`): Promise<Record<string, Finding>> {
  const { db, store } = world;
  const parts = {
    ...world.parts,
    log: openPredictionLog({ db, store }),
    logger: pino({ level: 'silent' }),
  };
  const report = await computeFindings(parts, { ...REF, passId }, signal);
  return Object.fromEntries((report?.findings ?? []).map((finding) => [finding.monitor, finding]));
}

const statuses = (findings: Record<string, Finding>) =>
  Object.fromEntries(Object.entries(findings).map(([name, { status }]) => [name, status]));

it('has nothing to say without a champion', async () => {
  await world.apply({ monitoring, serving });
  const parts = { ...world.parts, log: openPredictionLog(world), logger: pino({ level: 'silent' }) };
  expect(await computeFindings(parts, { ...REF, passId: 'none' }, signal)).toBeNull();
});

describe('monitors of a champion', () => {
  beforeEach(() => newChampion());

  it('are quiet while the world is as it was', async () => {
    await serve(world, live());
    const findings = await pass();
    const { labels, ...others } = statuses(findings);
    expect(new Set(Object.values(others))).toEqual(new Set(['ok']));
    // What was trained on is bought far more often: that is what an outcome-drift monitor is to tell.
    expect(labels).toBe('breach');
    expect(findings['features']?.reason).toContain('its rollout');
  });

  it('see the collapse: one plant for everybody, other shoppers, no sales, slow answers', async () => {
    const collapse = { top: "'ficus'", taste: '60 + i % 20', converted: 'i % 50 = 0', latencyMs: '100' };
    await serve(world, live(collapse));
    const findings = await pass();
    expect(statuses(findings)).toMatchObject({
      features: 'breach',
      taste: 'breach',
      'one-for-all': 'breach',
      conversion: 'breach',
      fast: 'breach',
      fresh: 'ok',
      stale: 'ok',
    });
    expect(findings['one-for-all']).toMatchObject({
      value: 1,
      threshold: 0.5,
      severity: 'critical',
      actions: ['alert', 'rollback'],
      confirmed: false,
    });
    expect(findings['one-for-all']?.reason).toContain('ficus');
    expect(findings['features']?.reason).toContain('customer.taste');
    expect(findings['conversion']?.value).toBeCloseTo(0.1, 2);
  });

  it('are confirmed by the second window of three, and a repeated pass writes nothing new', async () => {
    await serve(world, live({ top: "'ficus'" }));
    const first = await pass('first');
    expect(first['one-for-all']?.confirmed).toBe(false);
    expect(await pass('first')).toEqual(first);
    // The same traffic, looked at again, is no second window.
    const second = await pass('second');
    expect(second['one-for-all']?.confirmed).toBe(false);
    await serve(world, live({ top: "'ficus'", to: Date.now() }));
    const third = await pass('third');
    expect(third['one-for-all']?.confirmed).toBe(true);
    expect(third['fresh']?.confirmed).toBe(false);
    const { rows } = await world.db.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM findings WHERE version = $1`,
      [champion],
    );
    expect(rows[0]?.n).toBe(27);
  });

  it('take the traffic of a service that idles for one window, however long it idles', async () => {
    await world.db.query('DELETE FROM prediction_segments');
    const until = now - 6 * MINUTE;
    await serve(world, live({ top: "'ficus'", from: now - 9 * MINUTE, to: until }));
    const first = await pass();
    expect(first['one-for-all']).toMatchObject({ status: 'breach', confirmed: false });
    const second = await pass();
    expect(second['one-for-all']).toMatchObject({ status: 'breach', confirmed: false });
    expect(second['one-for-all']?.windowEnd).toBeGreaterThan(first['one-for-all']?.windowEnd ?? Infinity);
    // Requests to another version are no news of this one.
    await serve(world, live({ version: champion - 1 }));
    expect((await pass())['one-for-all']).toMatchObject({ status: 'breach', confirmed: false });
    // A gateway ships late: the window ends before the two above did, and shows what they did not.
    await serve(world, live({ top: "'ficus'", from: until, to: until + 2 * MINUTE }));
    const late = await pass();
    expect(late['one-for-all']).toMatchObject({ status: 'breach', confirmed: true });
    expect(late['one-for-all']?.windowEnd).toBeLessThan(first['one-for-all']?.windowEnd ?? 0);
  });

  it('count the windows of a service that idled once among those before, too', async () => {
    const rule = { ...monitoring, breaches: { k: 3, n: 3 } };
    await world.apply({ monitoring: rule, serving });
    await serve(world, live({ top: "'ficus'" }));
    await pass();
    await serve(world, live({ version: champion - 1, to: now - MINUTE / 2 }));
    await pass();
    await serve(world, live({ top: "'ficus'", to: Date.now() }));
    expect((await pass())['one-for-all']).toMatchObject({ status: 'breach', confirmed: false });
    await serve(world, live({ top: "'ficus'", to: Date.now() }));
    expect((await pass())['one-for-all']).toMatchObject({ status: 'breach', confirmed: true });
  });

  it('do not take few users with many requests for drift', async () => {
    // Twenty other users; what a user likes stays the same from request to request.
    await serve(world, live({ splitKey: "'u' || (i % 20)", taste: '30 + i % 20' }));
    const { taste, features, scores } = await pass();
    expect(taste).toMatchObject({ status: 'insufficient_data' });
    expect(taste?.reason).toMatch(/300 in the current data, which tell as much as 1[89] independent ones/u);
    // Others vary from request to request.
    expect([features?.status, scores?.status]).toEqual(['ok', 'ok']);
  });

  it('give no verdict on too little traffic', async () => {
    await serve(world, live({ requests: 40, top: "'ficus'", converted: 'false' }));
    const { features, conversion, fast, ...others } = statuses(await pass());
    expect([features, conversion, fast, others['one-for-all']]).toEqual(
      Array.from({ length: 4 }, () => 'insufficient_data'),
    );
    expect([others['fresh'], others['stale']]).toEqual(['ok', 'ok']);
  });

  it('tell that a source has gone stale also where a row of it is dated in the future', async () => {
    await world.db.query(
      "UPDATE source_states SET event_time_max = '2099-12-31', updated_at = now() - interval '2 hours' WHERE source = 'customers'",
    );
    try {
      expect((await pass())['fresh']).toMatchObject({ status: 'breach' });
    } finally {
      await world.db.query('UPDATE source_states SET event_time_max = now(), updated_at = now()');
    }
  });

  it("take nothing of another version's traffic, of shadows, or of the time before", async () => {
    const ficus = { top: "'ficus'", converted: 'false' };
    await serve(world, live(ficus));
    await newChampion();
    await serve(world, live({ ...ficus, version: champion - 1 }));
    await serve(world, live({ ...ficus, arm: 'shadow' }));
    await serve(world, live({ ...ficus, arm: 'pinned' }));
    await serve(world, live({ ...ficus, from: now - 19 * MINUTE, to: now - 12 * MINUTE }));
    await serve(world, live());
    const findings = await pass();
    expect(findings['one-for-all']).toMatchObject({ status: 'ok', version: champion });
    expect(findings['conversion']?.status).toBe('ok');
  });

  it('wait for outcomes that may still come', async () => {
    const late = { converted: { description: 'Bought.', type: 'boolean' as const, delay: '15m' } };
    await world.apply({ monitoring, serving: { ...serving, outcomes: late } });
    await serve(world, live({ converted: 'false' }));
    const seen = await pass();
    expect(seen['conversion']).toMatchObject({ status: 'ok' });
    expect(seen['conversion']?.windowEnd).toBeLessThanOrEqual(Date.now() - 15 * MINUTE);
    expect(seen['one-for-all']?.status).toBe('ok');
  });

  it('that cannot be computed are errors of their own', async () => {
    const monitors = [
      { type: 'kpi' as const, name: 'typo', outcome: 'convertd', minRatio: 0.6 },
      ...(monitoring.monitors ?? []),
    ];
    await world.apply({ monitoring: { ...monitoring, monitors }, serving });
    await serve(world, live());
    const findings = await pass();
    expect(findings['typo']).toMatchObject({ status: 'error', confirmed: false });
    expect(findings['one-for-all']?.status).toBe('ok');
  });
});

describe('monitors of a champion of a few minutes', () => {
  /** Few buy at night, whoever recommends. */
  const night = (more: Partial<Traffic> = {}): Traffic =>
    live({ from: now - 3 * MINUTE, to: now, requests: 150, converted: 'i % 20 = 0', ...more });
  async function restoredFor(minutes: number): Promise<void> {
    await newChampion();
    await crown(world, champion - 1, now - (minutes + 5) * MINUTE, null);
    await crown(world, champion, now - minutes * MINUTE, null);
  }

  it('look at its bake, too: the first hours after it are no whole day', async () => {
    await newChampion({}, { minutes: 3 });
    await serve(world, night());
    const { conversion } = await pass();
    expect(conversion).toMatchObject({ status: 'ok' });
    expect(conversion?.windowStart).toBe((conversion?.windowEnd ?? 0) - 10 * MINUTE);
  });

  it('count its time from the moment when it had all traffic for good', async () => {
    const served = async () =>
      Math.round((now - ((await watchedChampion(world.db, REF))?.since ?? 0)) / MINUTE);
    await newChampion({}, { minutes: 3 });
    expect(await served(), 'from its bake, not from its canary').toBe(13);
    const halves = [champion, champion + 1].map((version) => ({ version, weight: 50 }));
    await route(world, halves, now - 2 * MINUTE);
    expect(await served(), "through another version's canary").toBe(13);
    await crown(world, champion - 1, now - MINUTE, null);
    expect(await served(), 'from the rollback to it').toBe(1);
  });

  it('compare no part of a window with a whole one after a rollback, and judge what has a limit of its own', async () => {
    await restoredFor(3);
    await serve(world, night({ top: "'ficus'", taste: '60 + i % 20', latencyMs: '100' }));
    const findings = await pass();
    expect(statuses(findings)).toEqual({
      features: 'insufficient_data',
      taste: 'insufficient_data',
      scores: 'insufficient_data',
      labels: 'insufficient_data',
      conversion: 'insufficient_data',
      'one-for-all': 'breach',
      fast: 'breach',
      fresh: 'ok',
      stale: 'ok',
    });
    expect(findings['conversion']?.reason).toMatch(
      new RegExp(`^version ${String(champion)} has served [23](\\.\\d+)? min of the window's 10 min`, 'u'),
    );
  });

  it('see drift in half a window, while a KPI waits for the whole one', async () => {
    await restoredFor(6);
    await serve(world, live({ from: now - 6 * MINUTE, to: now, taste: '60 + i % 20' }));
    const { taste, conversion } = await pass();
    expect(taste).toMatchObject({ status: 'breach' });
    expect(conversion).toMatchObject({ status: 'insufficient_data' });
  });
});

it('compares with the training where the rollout left too little traffic', async () => {
  await newChampion({}, { baked: false });
  await serve(world, live());
  const findings = await pass();
  expect(findings['features']?.reason).toContain('its training');
  expect(findings['taste']?.status).toBe('breach');
  expect(findings['conversion']?.status).toBe('insufficient_data');
});
