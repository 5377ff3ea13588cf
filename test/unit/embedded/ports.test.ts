import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { chooseFreePort, isPortFree, LOOPBACK, settlePorts } from '../../../src/embedded/ports.ts';

async function withTakenPort(work: (port: number) => Promise<void>): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

describe('settlePorts', () => {
  it('keeps the ports of the last start while they are free', async () => {
    const first = await settlePorts(['postgres', 's3'], {});
    expect(await settlePorts(['postgres', 's3'], first)).toEqual(first);
  });

  it('replaces only the port that is taken', async () => {
    await withTakenPort(async (taken) => {
      const free = await chooseFreePort(new Set([taken]));
      const settled = await settlePorts(['postgres', 's3'], { postgres: taken, s3: free });
      expect(settled['s3']).toBe(free);
      expect(settled['postgres']).not.toBe(taken);
      expect(await isPortFree(settled['postgres'] ?? 0)).toBe(true);
    });
  });

  it('never gives two names one port', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `service-${String(index)}`);
    const ports = Object.values(await settlePorts(names, {}));
    expect(new Set(ports).size).toBe(names.length);
  });
});
