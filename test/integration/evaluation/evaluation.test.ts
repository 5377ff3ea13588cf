import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelSpecInput } from '../../../src/contracts/spec/model-spec.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { GateReport } from '../../../src/domain/gate-report.ts';
import { assessVersion } from '../../../src/evaluation/assess-version.ts';
import { evaluateVersion } from '../../../src/evaluation/evaluate-version.ts';
import { PlantWorld, REF } from './plant-world.ts';

type Gates = NonNullable<ModelSpecInput['gates']>;
const signal = new AbortController().signal;
const NEVER_INVASIVE: Gates[number] = {
  type: 'rule',
  name: 'never-invasive',
  description: 'No plant where it is invasive.',
  query: {
    sql: 'SELECT r.customer_id, r.region, r.plant_id FROM recommendations r JOIN plants p USING (plant_id) WHERE list_contains(p.invasive_in, r.region)',
  },
};

let world: PlantWorld;
beforeAll(async () => {
  world = await PlantWorld.open();
});
afterAll(async () => {
  await world.db.end();
  rmSync(world.dataDir, { recursive: true, force: true });
});

async function evaluated(file: string, sections: Partial<ModelSpecInput> = {}) {
  const specRevision = await world.apply(sections);
  const version = await world.train(file, specRevision);
  const input = { ...REF, specRevision, version };
  return { input, report: await evaluateVersion(world.parts, input, signal) };
}

async function judged(
  file: string,
  gates: Gates,
  champion: number | null = null,
  more: Partial<ModelSpecInput> = {},
): Promise<GateReport> {
  const { input } = await evaluated(file, { gates, ...more });
  return assessVersion(world.parts, { ...input, champion }, signal);
}

const gateOf = (report: GateReport, name: string) => report.gates.find((gate) => gate.gate === name);

describe('an evaluation', () => {
  it('scores the holdout overall, by slice and within groups', async () => {
    const { report } = await evaluated('linear');
    expect(report.metrics).toMatchObject({ count: 300, overall: { auc: 1, ndcg: 1, hitRate: 1 } });
    expect(report.metrics.overall['positiveRate']).toBeGreaterThan(0.2);
    const slices = Object.fromEntries(report.metrics.slices.map(({ name, count }) => [name, count]));
    expect(slices).toEqual({ 'region=AU': 99, 'region=EU': 99, 'region=IS': 3, 'region=US': 99 });
    expect(report.latency).toMatchObject({ samples: 50 });
    expect(report.latency.msP99).toBeGreaterThan(0);
    expect(report.distinctScores).toBeGreaterThan(10);
  });

  it('recommends by the newest online features, as the gateway would', async () => {
    const { report } = await evaluated('linear');
    expect(report.recommendations).toMatchObject({ rows: 90, entities: 30, candidates: 10, k: 3 });
    const path = await world.store.fetchFile(report.recommendations?.blob ?? '');
    const rows = await withDuckDb({ directory: world.dataDir }, async (session) => {
      const file = await session.adopt(path);
      return session.rows(`SELECT * FROM read_parquet('${file}') WHERE customer_id = 'c3' ORDER BY rank`);
    });
    // taste 3 + 2 beauty - price: p9 = 21, p8 = 17, p7 = 16.
    expect(rows.map((row) => [row['plant_id'], row['rank'], row['score']])).toEqual([
      ['p9', 1, 21],
      ['p8', 2, 17],
      ['p7', 3, 16],
    ]);
    expect(rows[0]).toMatchObject({ region: 'US', invasive_in: ['US'] });
    expect(report.metrics.overall).toMatchObject({ topItemShare: 1, itemCoverage: 0.3 });
  });

  it('is made once, however often it is asked for', async () => {
    const { input, report } = await evaluated('linear');
    expect(await evaluateVersion(world.parts, input, signal)).toEqual(report);
    const { rows } = await world.db.query(
      `SELECT 1 FROM audit_events WHERE action = 'version.evaluated' AND version = $1`,
      [input.version],
    );
    expect(rows).toHaveLength(1);
  });

  it('says which column of the spec the holdout does not have', async () => {
    const failed = evaluated('linear', { evaluation: world.evaluationOf({ slices: ['continent'] }) });
    await expect(failed).rejects.toMatchObject({
      code: 'EVALUATION_INPUT_INVALID',
      message: expect.stringContaining('continent') as string,
    });
  });

  it('refuses a model whose answers are no numbers', async () => {
    await expect(evaluated('nonfinite')).rejects.toMatchObject({ code: 'EVALUATION_INPUT_INVALID' });
  });

  it('refuses recommendations without the keys of the model', async () => {
    const recommendations = {
      entities: { sql: 'SELECT region FROM customers' },
      candidates: { sql: 'SELECT plant_id FROM plants' },
    };
    const failed = evaluated('linear', { evaluation: world.evaluationOf({ recommendations }) });
    await expect(failed).rejects.toMatchObject({ code: 'EVALUATION_INPUT_INVALID' });
  });
});

describe('the gates', () => {
  const better: Gates[number] = {
    type: 'metric',
    name: 'better',
    metric: 'auc',
    min: 0.6,
    vsChampion: { minAbsoluteChange: 0 },
    slices: 'each',
  };

  it('pass a good first version by absolute thresholds, and say that there was no champion', async () => {
    const report = await judged('linear', [better, { type: 'efficiency', name: 'small', maxSizeBytes: 1e6 }]);
    expect(report).toMatchObject({ firstVersion: true, comparedWith: null, verdict: { kind: 'pass' } });
    expect(report.gates.map((gate) => gate.gate)).toEqual(['loads', 'signature', 'better', 'small']);
    expect(gateOf(report, 'better')?.evidence['tooSmall']).toEqual([{ slice: 'region=IS', count: 3 }]);
  });

  it('compare with the champion on the same holdout', async () => {
    const good = await evaluated('linear');
    const worse = await judged('reversed', [better], good.input.version);
    expect(worse).toMatchObject({ comparedWith: good.input.version, verdict: { kind: 'fail' } });
    expect(gateOf(worse, 'better')?.evidence['results']).toMatchObject([
      { value: 0, champion: 1 },
      {},
      {},
      {},
    ]);
    const same = await judged('linear', [better], good.input.version);
    expect(same.verdict.kind).toBe('pass');
  });

  it('reject the recommendation of an invasive plant, with the offending rows', async () => {
    const report = await judged('linear', [NEVER_INVASIVE]);
    const gate = gateOf(report, 'never-invasive');
    expect(gate?.verdict).toMatchObject({ kind: 'fail' });
    expect(gate?.evidence).toMatchObject({ violations: 15 });
    expect((gate?.evidence['rows'] as object[])[0]).toEqual({
      customer_id: 'c1',
      region: 'US',
      plant_id: 'p9',
    });
    expect((await judged('reversed', [NEVER_INVASIVE])).verdict.kind).toBe('pass');
  });

  it('take SQL that does not run for an error, never for a pass', async () => {
    const broken: Gates[number] = { ...NEVER_INVASIVE, query: { sql: 'SELECT * FROM no_such_table' } };
    const report = await judged('linear', [broken]);
    expect(report.verdict.kind).toBe('error');
    expect(report.verdict.reason).toContain('no_such_table');
    const reach: Gates[number] = {
      ...NEVER_INVASIVE,
      query: { sql: "SELECT * FROM read_csv('/etc/passwd')" },
    };
    expect((await judged('linear', [reach])).verdict.kind).toBe('error');
  });

  it('give the same hash for the same facts, and another for others', async () => {
    const { input } = await evaluated('linear', { gates: [better, NEVER_INVASIVE] });
    const assess = () => assessVersion(world.parts, { ...input, champion: null }, signal);
    const first = await assess();
    expect(await assess()).toEqual(first);
    const { rowCount } = await world.db.query('SELECT 1 FROM gate_reports WHERE version = $1', [
      input.version,
    ]);
    expect(rowCount).toBe(1);
    const champion = (await evaluated('reversed')).input.version;
    const other = await assessVersion(world.parts, { ...input, champion }, signal);
    expect(other.evidenceHash).not.toBe(first.evidenceHash);
  });

  it('refuse a version without gates, unless the spec allows it', async () => {
    expect(await judged('linear', [])).toMatchObject({ verdict: { kind: 'fail' }, ungated: false });
    expect(await judged('linear', [], null, { allowUngated: true })).toMatchObject({
      verdict: { kind: 'pass' },
      ungated: true,
    });
  });

  it('fail a model whose file is gone from the store, and do not pass a champion that cannot be scored', async () => {
    const { input } = await evaluated('linear', { gates: [better] });
    const champion = (await evaluated('linear')).input.version;
    await world.db.query('UPDATE runs SET artifact = $2 WHERE version = $1', [champion, 'b'.repeat(64)]);
    const unscorable = await assessVersion(world.parts, { ...input, champion }, signal);
    expect(gateOf(unscorable, 'better')?.verdict.kind).toBe('insufficient_data');
    await world.db.query('UPDATE runs SET artifact = $2 WHERE version = $1', [input.version, 'c'.repeat(64)]);
    const gone = await assessVersion(world.parts, { ...input, champion: null }, signal);
    expect(gateOf(gone, 'loads')?.verdict.kind).toBe('fail');
    expect(gone.verdict.kind).toBe('fail');
  });

  it('score the champion by its own SQL where a view means something else under its name', async () => {
    const { input } = await evaluated('linear', { gates: [better] });
    const at = `TIMESTAMP '1970-01-01' AS event_time`;
    const turned = await world.apply({
      features: {
        views: {
          customer: {
            description: 'Customers, upside down.',
            keys: ['customer_id'],
            query: { sql: `SELECT customer_id, ${at}, -taste AS taste FROM customers` },
            columns: { taste: 'taste' },
          },
          plant: {
            description: 'Plants, upside down.',
            keys: ['plant_id'],
            query: { sql: `SELECT plant_id, ${at}, -beauty AS beauty, -price AS price FROM plants` },
            columns: { beauty: 'beauty', price: 'price' },
          },
        },
      },
    });
    const champion = await world.train('linear', turned);
    const report = await assessVersion(world.parts, { ...input, champion }, signal);
    const [overall] = gateOf(report, 'better')?.evidence['results'] as { champion: number }[];
    expect(overall?.champion).toBeLessThan(0.1);
  });

  it('break with callers only where callers send tensors', async () => {
    const specRevision = await world.apply({ gates: [better] });
    const champion = await world.train('linear', specRevision, {
      inputs: [
        {
          name: 'features',
          type: 'float32',
          shape: [-1, 3],
          features: ['plant.price', 'plant.beauty', 'customer.taste'],
        },
      ],
    });
    const ranked = await judged('linear', [better], champion);
    expect(gateOf(ranked, 'signature')?.verdict.kind).toBe('pass');
    const inferred = await judged('linear', [better], champion, {
      serving: {},
      evaluation: { task: 'binary' },
    });
    expect(gateOf(inferred, 'signature')?.verdict.kind).toBe('fail');
  });

  it('need an evaluation', async () => {
    const specRevision = await world.apply({ gates: [better] });
    const version = await world.train('linear', specRevision);
    const early = assessVersion(world.parts, { ...REF, specRevision, version, champion: null }, signal);
    await expect(early).rejects.toMatchObject({ code: 'EVALUATION_NOT_FOUND' });
  });
});
