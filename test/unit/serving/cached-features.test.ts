import { afterEach, describe, expect, it, vi } from 'vitest';
import { onlineRowId } from '../../../src/registry/online-features.ts';
import type { OnlineLookup, OnlineRow } from '../../../src/registry/online-features.ts';
import { CachedFeatures } from '../../../src/serving/cached-features.ts';

const lookup = (key: string): OnlineLookup => ({ view: 'plant', key });
const wanted = (...keys: string[]) => new Map(keys.map((key) => [onlineRowId(lookup(key)), lookup(key)]));

/** A table that can be taken away. */
function source(
  options: Partial<{ ttlMs: number; maxRows: number; restMs: number; timeoutMs: number }> = {},
) {
  const state = { away: false, silent: false, price: 1, reads: 0, delays: [] as Promise<unknown>[] };
  const features = new CachedFeatures({
    read: async (_model, lookups) => {
      state.reads += 1;
      if (state.silent) return new Promise(() => undefined);
      if (state.away) throw new Error('connection refused');
      const { price } = state;
      await state.delays.shift();
      const rows = lookups
        .filter((one) => one.key !== 'absent')
        .map((one): [string, OnlineRow] => [onlineRowId(one), { ...one, values: { price }, eventTimeMs: 0 }]);
      return new Map(rows);
    },
    ttlMs: 600_000,
    maxRows: 100,
    restMs: 0,
    timeoutMs: 50,
    ...options,
  });
  return { state, features };
}

afterEach(() => vi.useRealTimers());

describe('CachedFeatures', () => {
  it('asks once for what it has seen within its time, also for what is not there', async () => {
    const { state, features } = source();
    await features.get('m', wanted('a', 'absent'));
    const again = await features.get('m', wanted('a', 'absent'));
    expect(state.reads).toBe(1);
    expect(again.get(onlineRowId(lookup('a')))?.values).toEqual({ price: 1 });
    expect(again.get(onlineRowId(lookup('absent')))).toBeNull();
  });

  it('asks anew in its time although the wall clock is set back', async () => {
    vi.useFakeTimers({ now: 1e12, toFake: ['Date', 'performance'] });
    const { state, features } = source({ ttlMs: 5_000 });
    await features.get('m', wanted('a'));
    vi.setSystemTime(1e12 - 3_600_000);
    vi.advanceTimersByTime(5_000);
    await features.get('m', wanted('a'));
    expect(state.reads).toBe(2);
  });

  it('keeps the models apart', async () => {
    const { state, features } = source();
    await features.get('m', wanted('a'));
    await features.get('n', wanted('a'));
    expect(state.reads).toBe(2);
  });

  it('answers with the last known rows while PostgreSQL is away, and with new ones after', async () => {
    const { state, features } = source({ ttlMs: 0 });
    await features.get('m', wanted('a'));
    state.price = 2;
    state.away = true;
    expect((await features.get('m', wanted('a'))).get(onlineRowId(lookup('a')))?.values).toEqual({
      price: 1,
    });
    state.away = false;
    expect((await features.get('m', wanted('a'))).get(onlineRowId(lookup('a')))?.values).toEqual({
      price: 2,
    });
  });

  it('keeps what came too late for who asked first, unless something newer is there', async () => {
    const { state, features } = source({ ttlMs: 0, restMs: 0, timeoutMs: 1 });
    const answers: (() => void)[] = [];
    state.delays.push(new Promise<void>((answer) => answers.push(answer)));
    await expect(features.get('m', wanted('a'))).rejects.toMatchObject({ code: 'FEATURES_UNAVAILABLE' });
    const [answerLate] = answers;
    state.silent = true;
    answerLate?.();
    const known = async () =>
      (await features.get('m', wanted('a'))).get(onlineRowId(lookup('a')))?.values['price'];
    expect(await known()).toBe(1);

    state.silent = false;
    state.delays.push(new Promise<void>((answer) => answers.push(answer)));
    expect(await known()).toBe(1);
    state.price = 2;
    expect(await known()).toBe(2);
    answers.at(-1)?.();
    state.silent = true;
    expect(await known()).toBe(2);
  });

  it('keeps nothing that came too late for a reader that is judged by what it asks for', async () => {
    const { features } = source();
    let answers = 0;
    const rows = async (lookups: readonly OnlineLookup[]) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      answers += 1;
      return new Map(
        lookups.map((one) => [onlineRowId(one), { ...one, values: { price: 1 }, eventTimeMs: 0 }]),
      );
    };
    const onTrial = features.readBy(
      (_model, lookups) => rows(lookups),
      () => false,
    );
    for (const time of [1, 2]) {
      await expect(onTrial.get('m', wanted('a'))).rejects.toMatchObject({ code: 'FEATURES_UNAVAILABLE' });
      await vi.waitFor(() => expect(answers).toBe(time));
    }
  });

  it('says so when PostgreSQL is away and a row was never seen', async () => {
    const { state, features } = source();
    state.away = true;
    await expect(features.get('m', wanted('a'))).rejects.toMatchObject({
      code: 'FEATURES_UNAVAILABLE',
      status: 503,
    });
  });

  it('does not wait for a database that stays silent, nor ask it again at once', async () => {
    const { state, features } = source({ ttlMs: 0, restMs: 60_000 });
    await features.get('m', wanted('a'));
    state.silent = true;
    await features.get('m', wanted('a'));
    await features.get('m', wanted('a'));
    expect(state.reads).toBe(2);
  });

  it('gives no reader a rest for what another asked for in vain, and one memory to all', async () => {
    const { state, features } = source({ restMs: 60_000 });
    const heavy = features.readBy(() => new Promise(() => undefined));
    await expect(heavy.get('m', wanted('a'))).rejects.toMatchObject({ code: 'FEATURES_UNAVAILABLE' });
    await features.get('m', wanted('a'));
    expect(state.reads).toBe(1);
    expect((await heavy.get('m', wanted('a'))).get(onlineRowId(lookup('a')))?.values).toEqual({ price: 1 });
    expect(features).toMatchObject({ hits: 1, misses: 2 });
  });

  it('reads anew, now, where it is told to', async () => {
    const { state, features } = source({ restMs: 60_000 });
    await features.get('m', wanted('a'));
    state.price = 2;
    const [row] = (await features.fresh.get('m', wanted('a'))).values();
    expect(row?.values).toEqual({ price: 2 });
    state.silent = true;
    await expect(features.fresh.get('m', wanted('a'))).rejects.toThrow('no answer');
  });

  it('holds no more rows than it may', async () => {
    const { state, features } = source({ maxRows: 2 });
    await features.get('m', wanted('a', 'b', 'c'));
    await features.get('m', wanted('b', 'c'));
    expect(state.reads).toBe(1);
    await features.get('m', wanted('a'));
    expect(state.reads).toBe(2);
  });
});
