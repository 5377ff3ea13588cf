import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confirmBreach } from '../../../src/domain/monitors/confirm-breach.ts';
import { judgeFeatureDrift, judgePredictionDrift } from '../../../src/domain/monitors/judge-drift.ts';
import {
  judgeConcentration,
  judgeFreshness,
  judgeLatency,
  judgeStaleness,
} from '../../../src/domain/monitors/judge-level.ts';
import { judgeKpi, judgeOutcomeDrift } from '../../../src/domain/monitors/judge-outcome.ts';
import { judgeLength, newestWindow, trafficUntil } from '../../../src/domain/monitors/monitor-window.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import { assessColumnDrift } from '../../../src/stats/index.ts';

const HOUR = 3_600_000;

describe('a breach', () => {
  const rule = { k: 2, n: 5 };

  it('is confirmed by k of the last n windows and the newest', () => {
    expect(confirmBreach('breach', ['breach'], rule)).toBe(true);
    expect(confirmBreach('breach', ['ok', 'ok', 'ok', 'breach'], rule)).toBe(true);
    expect(confirmBreach('breach', ['ok', 'ok', 'ok', 'ok', 'breach'], rule)).toBe(false);
    expect(confirmBreach('ok', ['breach', 'breach', 'breach'], rule)).toBe(false);
    expect(confirmBreach('breach', [], { k: 1, n: 1 })).toBe(true);
  });

  it('is neither confirmed nor diluted by windows that could not be judged', () => {
    expect(confirmBreach('breach', ['insufficient_data', 'error', 'breach'], rule)).toBe(true);
    expect(confirmBreach('breach', ['insufficient_data', 'error'], rule)).toBe(false);
    expect(confirmBreach('insufficient_data', ['breach', 'breach'], rule)).toBe(false);
    expect(confirmBreach('error', ['breach', 'breach'], rule)).toBe(false);
  });

  it('is never confirmed by fewer than k breaches', () => {
    const status = fc.constantFrom<Finding['status']>('ok', 'breach', 'insufficient_data', 'error');
    fc.assert(
      fc.property(status, fc.array(status), fc.integer({ min: 1, max: 5 }), (newest, earlier, k) => {
        if (!confirmBreach(newest, earlier, { k, n: 5 })) return;
        expect([newest, ...earlier].filter((one) => one === 'breach').length).toBeGreaterThanOrEqual(k);
      }),
    );
  });
});

describe('the newest window', () => {
  it("never reaches into the predecessor's time", () => {
    expect(newestWindow(100 * HOUR, 24 * HOUR, 90 * HOUR)).toEqual({ from: 90 * HOUR, to: 100 * HOUR });
    expect(newestWindow(100 * HOUR, 24 * HOUR, 0)).toEqual({ from: 76 * HOUR, to: 100 * HOUR });
  });

  it('ends before outcomes that may still be on their way', () => {
    expect(newestWindow(100 * HOUR, 24 * HOUR, 0, 10 * HOUR)).toEqual({ from: 66 * HOUR, to: 90 * HOUR });
    const young = newestWindow(100 * HOUR, 24 * HOUR, 95 * HOUR, 10 * HOUR);
    expect(young.to - young.from).toBe(0);
  });

  it('is compared with another span where enough of it was served: a KPI all of it, drift half of it', () => {
    const served = (hours: number) => ({ from: 0, to: hours * HOUR });
    const judge = (type: Finding['type'], hours: number) => judgeLength(type, 4, served(hours), 24 * HOUR);
    expect(judge('kpi', 23)?.status).toBe('insufficient_data');
    expect(judge('kpi', 23)?.reason).toBe(
      "version 4 has served 23 h of the window's 24 h, and is compared once that is all of it",
    );
    expect(judge('kpi', 24)).toBeNull();
    for (const type of ['feature-drift', 'prediction-drift', 'outcome-drift'] as const) {
      expect(judge(type, 11)?.reason).toContain(
        "11 h of the window's 24 h, and is compared once that is 50 %",
      );
      expect(judge(type, 12)).toBeNull();
    }
    for (const type of ['latency', 'concentration', 'freshness', 'staleness'] as const)
      expect(judge(type, 0)).toBeNull();
  });

  it('ends where the log ends, unless the log has stood still for long', () => {
    expect(trafficUntil(100_000, 91_000)).toBe(91_001);
    expect(trafficUntil(100_000, null)).toBe(100_000);
    expect(trafficUntil(HOUR, 0)).toBe(HOUR);
    expect(trafficUntil(100_000, 100_500)).toBe(100_000);
  });
});

describe('the KPI', () => {
  const input = (count: number, sum: number, reference = { count: 4000, sum: 400, sumSquares: 400 }) => ({
    outcome: 'converted',
    type: 'boolean' as const,
    window: { count, sum, sumSquares: sum },
    reference,
    minSamples: 50,
  });

  it('breaches when conversion collapses', () => {
    const seen = judgeKpi(input(500, 10), 0.7);
    expect(seen).toMatchObject({ status: 'breach', threshold: 0.7 });
    expect(seen.reason).toContain('2 % over 500 against 10 % over 4000');
  });

  it('does not cry wolf over a small unlucky window', () => {
    expect(judgeKpi(input(50, 3), 0.7)).toMatchObject({ status: 'ok' });
    expect(judgeKpi(input(50, 3), 0.7).reason).toContain('chance');
  });

  it('does not cry wolf over one or two users either, who made many requests', () => {
    const fall = { ...input(500, 30), window: { count: 500, sum: 30, sumSquares: 30, designEffect: 1 } };
    expect(judgeKpi(fall, 0.7).status).toBe('breach');
    const few = judgeKpi({ ...fall, window: { ...fall.window, designEffect: 20 } }, 0.7);
    expect(few).toMatchObject({ status: 'ok', value: expect.closeTo(0.6, 9) as number });
    expect(few.reason).toContain('chance');
    const before = { ...fall.reference, designEffect: 400 };
    expect(judgeKpi({ ...fall, reference: before }, 0.7).status).toBe('ok');
  });

  it('has no verdict without enough outcomes, in the window or in the baseline', () => {
    expect(judgeKpi(input(49, 0), 0.7).status).toBe('insufficient_data');
    expect(judgeKpi(input(500, 0, { count: 10, sum: 1, sumSquares: 1 }), 0.7).status).toBe(
      'insufficient_data',
    );
    expect(judgeKpi(input(500, 0, { count: 1000, sum: 0, sumSquares: 0 }), 0.7).status).toBe(
      'insufficient_data',
    );
  });

  it('compares amounts by their spread', () => {
    const amounts = (mean: number, sd: number, count: number) => ({
      count,
      sum: mean * count,
      sumSquares: (sd * sd + mean * mean) * count,
    });
    const revenue = { outcome: 'amount', type: 'number' as const, minSamples: 50 };
    const wide = { ...revenue, window: amounts(6, 40, 60), reference: amounts(10, 40, 60) };
    const narrow = { ...revenue, window: amounts(6, 2, 60), reference: amounts(10, 2, 60) };
    const unknown = { ...narrow, reference: { ...narrow.reference, sumSquares: null } };
    expect(judgeKpi(wide, 0.7).status).toBe('ok');
    expect(judgeKpi(narrow, 0.7).status).toBe('breach');
    expect(judgeKpi(unknown, 0.7).status).toBe('breach');
  });

  it('compares the amounts of few users by what they tell', () => {
    const amounts = (mean: number, designEffect: number) => ({
      ...{ count: 500, sum: mean * 500, sumSquares: (100 + mean * mean) * 500, designEffect },
    });
    const judge = (window: number, reference: number) =>
      judgeKpi(
        {
          outcome: 'amount',
          type: 'number',
          minSamples: 50,
          window: amounts(6, window),
          reference: amounts(10, reference),
        },
        0.7,
      );
    expect(judge(1, 1).status).toBe('breach');
    expect(judge(50, 50)).toMatchObject({ status: 'ok', value: expect.closeTo(0.6, 9) as number });
    expect(judge(50, 50).reason).toContain('chance');
    expect(judge(1, 100).status).toBe('ok');
    // One user's amounts are one observation, whatever their spread.
    expect(judge(500, 1).status).toBe('ok');
    expect(judge(1, 500).status).toBe('ok');
  });

  it('of a label is drift both ways', () => {
    expect(judgeOutcomeDrift(input(500, 80), 0.2).status).toBe('breach');
    expect(judgeOutcomeDrift(input(500, 20), 0.2).status).toBe('breach');
    expect(judgeOutcomeDrift(input(500, 52), 0.2).status).toBe('ok');
  });
});

describe('levels', () => {
  it('of concentration, freshness, staleness and latency breach above their limit only', () => {
    const top = { candidate: 'ficus', count: 60, total: 100 };
    expect(judgeConcentration(top, 'plant_id', 0.6, 50).status).toBe('ok');
    expect(judgeConcentration(top, 'plant_id', 0.5, 50)).toMatchObject({ status: 'breach', value: 0.6 });
    expect(judgeConcentration(top, 'plant_id', 0.5, 101).status).toBe('insufficient_data');
    expect(judgeConcentration(null, 'plant_id', 0.5, 1).status).toBe('insufficient_data');
    expect(judgeFreshness('orders', 0, HOUR, HOUR).status).toBe('ok');
    expect(judgeFreshness('orders', 0, HOUR + 1, HOUR).status).toBe('breach');
    expect(judgeFreshness('orders', null, HOUR, HOUR).status).toBe('insufficient_data');
    expect(judgeStaleness(3, 0, 25 * HOUR, 24 * HOUR).reason).toContain('25 h');
    expect(judgeLatency({ requests: 500, latencyMsP99: 30 }, 25, 200).status).toBe('breach');
    expect(judgeLatency({ requests: 5, latencyMsP99: 30 }, 25, 200).status).toBe('insufficient_data');
    expect(judgeLatency({ requests: 0, latencyMsP99: null }, 25, 1).status).toBe('insufficient_data');
  });
});

describe('drift', () => {
  const column = (shift: number, missing = 0) =>
    assessColumnDrift({
      kind: 'numeric',
      reference: Array.from({ length: 400 }, (_, i) => (i * 7919) % 1000),
      current: Array.from({ length: 400 }, (_, i) => (i < missing ? null : ((i * 104729) % 1000) + shift)),
    });

  it('of the features breaches by the share of them that moved', () => {
    const features = [
      { feature: 'a', verdict: column(800) },
      { feature: 'b', verdict: column(0) },
    ];
    expect(judgeFeatureDrift(features, 0.5, 'its rollout')).toMatchObject({ status: 'breach', value: 0.5 });
    expect(judgeFeatureDrift(features, 0.6, 'its rollout')).toMatchObject({ status: 'ok' });
    expect(judgeFeatureDrift([], 0.5, 'its rollout').status).toBe('insufficient_data');
  });

  it('sees a feature that stopped coming', () => {
    const seen = judgeFeatureDrift([{ feature: 'view.a', verdict: column(0, 200) }], 1, 'its rollout');
    expect(seen).toMatchObject({ status: 'breach' });
    expect(seen.reason).toContain('missing in 50 %');
  });

  it('of the scores carries its measure and its line', () => {
    const seen = judgePredictionDrift(column(800), 'its rollout');
    expect(seen.status).toBe('breach');
    expect(seen.value).toBeGreaterThan(seen.threshold ?? 1);
    const few = assessColumnDrift({ kind: 'numeric', reference: [1, 2], current: [1] });
    expect(judgePredictionDrift(few, 'its rollout').status).toBe('insufficient_data');
  });
});
