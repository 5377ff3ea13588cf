import { afterEach, expect, it, vi } from 'vitest';
import type { Database } from '../../../src/registry/database.ts';
import { onlineRowId } from '../../../src/registry/online-features.ts';
import { CachedFeatures } from '../../../src/serving/cached-features.ts';
import type { LoadedVersion } from '../../../src/serving/loaded-version.ts';
import { VersionFeatures } from '../../../src/serving/version-features.ts';

const CHAMPION = 1;
const ON_TRIAL = 2;
const lookup = { view: 'plant', key: '[1]' };
const wanted = new Map([[onlineRowId(lookup), lookup]]);

afterEach(() => vi.restoreAllMocks());

/** A PostgreSQL whose answer to the first question comes too late, and that gives no other. */
function lateDatabase() {
  let answer: () => void = () => undefined;
  let questions = 0;
  const query = (): Promise<unknown> => {
    questions += 1;
    if (questions > 1) return new Promise(() => undefined);
    return new Promise(
      (resolve) => (answer = () => resolve({ rows: [{ i: 1, values: { price: 1 }, at: 0 }] })),
    );
  };
  return { db: { query } as unknown as Database, answer: () => answer() };
}

/** @returns what the second request gets, after the first one's answer came late */
async function afterALateAnswer(version: number, agedMs: number): Promise<unknown> {
  const { db, answer } = lateDatabase();
  const features = new CachedFeatures({
    ...{ read: () => Promise.reject(new Error('not read')), ttlMs: 0, maxRows: 10, timeoutMs: 5, restMs: 0 },
  });
  const of = new VersionFeatures({
    features,
    environment: 'test',
    db,
    trialDb: db,
    championOf: () => CHAMPION,
  });
  const source = of.of({ servable: { version } } as LoadedVersion);
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + agedMs);
  await expect(source.get('m', wanted)).rejects.toMatchObject({ code: 'FEATURES_UNAVAILABLE' });
  answer();
  await new Promise((resolve) => setImmediate(resolve));
  return source.get('m', wanted).then(
    (rows) => rows.get(onlineRowId(lookup))?.values,
    (error: { code?: string }) => error.code,
  );
}

it.each([
  ['the champion, at any time', CHAMPION, 3_600_000, { price: 1 }],
  ['a version on trial that was just taken up', ON_TRIAL, 0, { price: 1 }],
  ['no version on trial once it is warm', ON_TRIAL, 60_000, 'FEATURES_UNAVAILABLE'],
])('keeps what came late for %s', async (_, version, agedMs, expected) => {
  expect(await afterALateAnswer(version, agedMs)).toEqual(expected);
});
