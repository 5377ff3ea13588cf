import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LoadedVersion } from '../../../src/serving/loaded-version.ts';
import { InferRequest, itemsOfBatch, outputOf, tensorsOf } from '../../../src/serving/open-inference.ts';
import { RecentAnswers } from '../../../src/serving/recent-answers.ts';
import { ShadowQueue } from '../../../src/serving/shadow-queue.ts';

describe('RecentAnswers', () => {
  it('makes an answer once for those that ask at once and later, and forgets a failure', async () => {
    const recent = new RecentAnswers(10, 1000);
    let made = 0;
    const make = async () => {
      made += 1;
      if (made === 1) throw new Error('first');
      return `answer ${made}`;
    };
    await expect(recent.once('a', make)).rejects.toThrow('first');
    expect(await Promise.all([recent.once('a', make), recent.once('a', make)])).toEqual([
      'answer 2',
      'answer 2',
    ]);
    expect(await recent.once('a', make)).toBe('answer 2');
  });

  it('forgets the oldest beyond its bounds', async () => {
    const recent = new RecentAnswers(2, 1000);
    for (const id of ['a', 'b', 'c']) await recent.once(id, async () => id);
    expect(await recent.once('c', async () => 'new')).toBe('c');
    expect(await recent.once('a', async () => 'new')).toBe('new');
    const small = new RecentAnswers(100, 50);
    for (const id of ['a', 'b', 'c']) await small.once(id, async () => id.repeat(20));
    expect(await small.once('a', async () => 'new')).toBe('new');
  });
});

describe('ShadowQueue', () => {
  const bounds = { jobs: 10, size: 100 };
  const never = (error: unknown): never => {
    throw error;
  };
  afterEach(() => vi.useRealTimers());

  it('starts no job in the turn that adds it, drops beyond its bound, and outlives a failure', async () => {
    const ran: number[] = [];
    const errors: unknown[] = [];
    const queue = new ShadowQueue({ ...bounds, jobs: 2 }, (error) => errors.push(error));
    for (const job of [1, 2, 3])
      queue.add({
        size: 1,
        run: async () => {
          ran.push(job);
          if (job === 1) throw new Error('one');
        },
      });
    expect(ran).toEqual([]);
    await nextTurn();
    await queue.finish();
    expect(ran).toEqual([1, 2]);
    expect(queue.dropped).toBe(1);
    expect(errors).toHaveLength(1);
  });

  it('leaves the thread to live requests for four times as long as a shadow took it', async () => {
    const queue = new ShadowQueue(bounds, never);
    const spans: { readonly from: number; readonly to: number }[] = [];
    const ran = [1, 2, 3].map(
      () =>
        new Promise<void>((resolve) => {
          const run = async () => {
            const from = performance.now();
            while (performance.now() < from + 20);
            spans.push({ from, to: performance.now() });
            resolve();
          };
          queue.add({ size: 1, run });
        }),
    );
    await Promise.all(ran);
    await queue.finish();
    // Timers may be a millisecond early.
    for (const [i, { from, to }] of spans.slice(0, 2).entries())
      expect((spans[i + 1]?.from ?? 0) - to).toBeGreaterThanOrEqual(4 * (to - from) - 5);
  });

  it('does what is left without a rest once nobody else needs the thread', async () => {
    // Timers that nobody advances: a rest would not end.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const queue = new ShadowQueue(bounds, never);
    let ran = 0;
    let first: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (first = resolve));
    for (let i = 0; i < 3; i += 1)
      queue.add({
        size: 1,
        run: async () => {
          ran += 1;
          first();
        },
      });
    await begun;
    await nextTurn();
    expect(ran).toBe(1);
    await queue.finish();
    expect(ran).toBe(3);
  });

  it('holds no more than it has room for, and what is larger alone', async () => {
    const queue = new ShadowQueue(bounds, never);
    const ran: number[] = [];
    const add = (size: number) => queue.add({ size, run: async () => void ran.push(size) });
    for (const size of [60, 50, 40, 1]) add(size);
    expect(queue.dropped).toBe(2);
    await queue.finish();
    add(1000);
    add(1);
    expect(queue.dropped).toBe(3);
    await queue.finish();
    expect(ran).toEqual([60, 40, 1000]);
  });
});

describe('Open Inference Protocol tensors', () => {
  const request = (datatype: string, data: unknown[], shape = [data.length]) =>
    InferRequest.parse({ inputs: [{ name: 'x', shape, datatype, data }] });

  it.each([
    ['FP32', [1.5, null], 'float32', [1.5, Number.NaN]],
    ['FP64', [0.1], 'float64', [0.1]],
    ['INT32', [-3], 'int32', [-3]],
    ['INT64', [2 ** 40], 'int64', [BigInt(2 ** 40)]],
    ['BOOL', [true, false], 'bool', [1, 0]],
    ['BYTES', ['fern'], 'string', ['fern']],
  ])('reads %s', (datatype, data, type, values) => {
    const [tensor] = tensorsOf(request(datatype, data));
    expect(tensor?.type).toBe(type);
    expect(Array.from(tensor?.data as ArrayLike<unknown>)).toEqual(values);
  });

  it.each([
    ['INT64', 1.5],
    ['INT64', 2 ** 60],
    ['INT32', 2 ** 40],
    ['BOOL', 1],
    ['BYTES', 7],
    ['FP32', 'x'],
    ['INT32', null],
  ])('refuses for %s the value %s', (datatype, value) => {
    expect(() => tensorsOf(request(datatype, [value]))).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_MISMATCH' }),
    );
  });

  it('logs no more rows than the memory has room for', () => {
    const spec = { name: 'score', type: 'float32', shape: [-1] } as const;
    const servable = { model: 'm', version: 1, output: 'score', signature: { inputs: [], outputs: [spec] } };
    const answer = (rows: number) => ({ ...spec, shape: [rows], data: new Float32Array(rows) });
    const items = (rows: number) =>
      itemsOfBatch({ servable } as unknown as LoadedVersion, [], [answer(rows)]).length;
    expect(items(500_000)).toBe(500_000);
    expect(() => items(500_001)).toThrow(expect.objectContaining({ code: 'BODY_TOO_LARGE' }));
  });

  it('writes a number that JSON does not have as null', () => {
    expect(
      outputOf({ name: 's', type: 'float32', shape: [2], data: Float32Array.of(1, Number.NaN) }),
    ).toEqual({
      name: 's',
      datatype: 'FP32',
      shape: [2],
      data: [1, null],
    });
  });
});
