import { describe, expect, it } from 'vitest';
import { GpuPool } from '../../../src/training/gpu-pool.ts';
import type { GpuLease } from '../../../src/training/gpu-pool.ts';

const never = new AbortController().signal;

/** What has been handed out so far, by name. */
function taking(pool: GpuPool) {
  const leases = new Map<string, GpuLease>();
  return {
    leases,
    ask: (name: string, count: number, signal = never) => {
      const taken = pool.take(count, signal).then((lease) => void leases.set(name, lease));
      taken.catch(() => undefined);
      return taken;
    },
    idsOf: (name: string) => leases.get(name)?.ids,
    settled: () => new Promise(setImmediate),
  };
}

describe('the GPUs of a machine', () => {
  it('are waited for while others have them, and handed to one trainer each', async () => {
    const { ask, idsOf, leases, settled } = taking(new GpuPool(['0', '1', '2', '3']));
    await ask('a', 4);
    const b = ask('b', 1);
    await settled();
    expect(idsOf('a')).toEqual(['0', '1', '2', '3']);
    expect(idsOf('b')).toBeUndefined();
    leases.get('a')?.release();
    leases.get('a')?.release();
    await b;
    await ask('c', 3);
    expect(new Set([...(idsOf('b') ?? []), ...(idsOf('c') ?? [])]).size).toBe(4);
  });

  it('go to who asked first, also where who asked for fewer could begin', async () => {
    const { ask, idsOf, leases, settled } = taking(new GpuPool(['0', '1']));
    await ask('a', 1);
    const both = ask('both', 2);
    const one = ask('one', 1);
    await ask('none', 0);
    await settled();
    expect([idsOf('both'), idsOf('one'), idsOf('none')]).toEqual([undefined, undefined, []]);
    leases.get('a')?.release();
    await both;
    expect(idsOf('one')).toBeUndefined();
    leases.get('both')?.release();
    await one;
    expect(idsOf('one')).toHaveLength(1);
  });

  it('are fewer than asked for only where the machine has no more', async () => {
    const { ask, idsOf } = taking(new GpuPool(['0', '1']));
    await ask('a', 8);
    expect(idsOf('a')).toEqual(['0', '1']);
    expect((await new GpuPool([]).take(1, never)).ids).toEqual([]);
  });

  it('are waited for no longer once that is cancelled, and hold up nobody behind', async () => {
    const { ask, idsOf, settled } = taking(new GpuPool(['0', '1']));
    await ask('a', 1);
    const controller = new AbortController();
    const both = ask('both', 2, controller.signal);
    const one = ask('one', 1);
    await settled();
    const reason = new Error('cancelled');
    controller.abort(reason);
    await expect(both).rejects.toBe(reason);
    await one;
    expect(idsOf('one')).toHaveLength(1);
    await expect(ask('late', 1, controller.signal)).rejects.toBe(reason);
  });
});
