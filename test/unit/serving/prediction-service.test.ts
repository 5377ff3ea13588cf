import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BODY_TOO_LARGE } from '../../../src/errors/api-errors.ts';
import { PerennialError } from '../../../src/errors/define-error.ts';
import { onlineRowId } from '../../../src/registry/online-features.ts';
import type { ServableVersion } from '../../../src/registry/servable-versions.ts';
import { CachedFeatures } from '../../../src/serving/cached-features.ts';
import type { CachedFeaturesOptions } from '../../../src/serving/cached-features.ts';
import { planFeatures } from '../../../src/serving/feature-plan.ts';
import { GatewayMetrics } from '../../../src/serving/gateway-metrics.ts';
import type { LoadedVersion } from '../../../src/serving/loaded-version.ts';
import { PredictionService } from '../../../src/serving/prediction-service.ts';
import { RecentAnswers } from '../../../src/serving/recent-answers.ts';
import { ShadowQueue } from '../../../src/serving/shadow-queue.ts';
import type { Spool } from '../../../src/serving/spool.ts';
import type { SpoolRecord } from '../../../src/serving/spool-record.ts';

const [CHAMPION, CHALLENGER] = [1, 2];

/** A version that takes column x of one view. */
function version(number: number, view: string): LoadedVersion {
  const servable: ServableVersion = {
    ...{ model: 'm', environment: 'test', version: number, artifact: 'a', output: 'score' },
    signature: { inputs: [], outputs: [] },
    features: [`${view}.x`],
    views: { [view]: { keys: ['plant_id'], columns: { x: 'X.' } } },
    rank: { entity: ['customer_id'], candidate: ['plant_id'], defaultK: 1 },
  };
  const predictor = { score: async () => [1] } as unknown as LoadedVersion['predictor'];
  return { servable, predictor, plan: planFeatures(servable) };
}

/** A service whose challenger answers all requests, and takes a view `heavy`; the champion takes `light`. */
function serving({ silent, append }: { silent: readonly string[]; append?: () => void }) {
  const versions = [version(CHAMPION, 'light'), version(CHALLENGER, 'heavy')];
  const asked: string[] = [];
  const read: CachedFeaturesOptions['read'] = async (_model, [lookup]) => {
    if (lookup === undefined) return new Map();
    asked.push(lookup.view);
    if (silent.includes(lookup.view)) return new Promise(() => undefined);
    return new Map([[onlineRowId(lookup), { ...lookup, values: { x: 1 }, eventTimeMs: 0 }]]);
  };
  const features = new CachedFeatures({ read, ttlMs: 0, maxRows: 10, timeoutMs: 20, restMs: 60_000 });
  const sources = new Map(versions.map((one) => [one, features.readBy(read)]));
  const logged: (string | null)[] = [];
  const service = new PredictionService({
    routeOf: () => ({
      ...{ model: 'm', environment: 'test', generation: 1, createdAt: 0, shadow: [] },
      ...{ weights: [{ version: CHALLENGER, weight: 100 }], champion: CHAMPION },
    }),
    awaits: () => Promise.resolve(false),
    loader: { get: (_model, number) => versions[number - 1], versionsOf: () => [] },
    features: { of: (loaded) => sources.get(loaded) ?? features },
    spool: {
      full: false,
      append(record: SpoolRecord) {
        append?.();
        if ('request' in record) logged.push(record.request.error);
      },
    } as unknown as Spool,
    recent: new RecentAnswers(10, 1000),
    shadows: new ShadowQueue({ jobs: 1, size: 1 }, () => undefined),
    metrics: new GatewayMetrics(),
  });
  let requests = 0;
  const rank = () =>
    service
      .rank('m', { requestId: String(requests++), entity: { customer_id: 1 }, candidates: [{ plant_id: 1 }] })
      .then(
        () => 'OK',
        (error: { code?: string }) => error.code,
      );
  return { rank, logged, asked };
}

// The requests of a test come at one moment.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

it('holds features that do not come against a version while the champion gets its own', async () => {
  const { rank, logged, asked } = serving({ silent: ['heavy'] });
  expect(await rank()).toBe('FEATURES_OVERDUE');
  expect(await rank()).toBe('FEATURES_OVERDUE');
  expect(logged).toEqual(['FEATURES_OVERDUE', 'FEATURES_OVERDUE']);
  expect(asked).toEqual(['heavy', 'light']);
  // While nothing is read for it, nobody knows whether it could have been.
  vi.advanceTimersByTime(1000);
  expect(await rank()).toBe('FEATURES_UNAVAILABLE');
});

it('holds the absence of all features against no version', async () => {
  const { rank, logged } = serving({ silent: ['heavy', 'light'] });
  expect(await rank()).toBe('FEATURES_UNAVAILABLE');
  expect(await rank()).toBe('FEATURES_UNAVAILABLE');
  expect(logged).toEqual(['FEATURES_UNAVAILABLE', 'FEATURES_UNAVAILABLE']);
});

it('holds what the log does not take against no version', async () => {
  let appended = 0;
  const { rank, logged } = serving({
    silent: [],
    append() {
      if (appended++ === 0) throw new PerennialError(BODY_TOO_LARGE, 'too long');
    },
  });
  expect(await rank()).toBe('BODY_TOO_LARGE');
  expect(await rank()).toBe('OK');
  expect(logged).toEqual([null]);
});
