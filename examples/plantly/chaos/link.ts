import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A TCP way to a server that can be cut, stalled and mended. */
export interface Link {
  readonly name: string;
  /** host:port of the near end. */
  readonly address: string;
  /** Connections end, and new ones are refused, until `mend`. */
  cut(): void;
  /** Nothing gets through in either direction until `mend`; then all of it does, late. */
  stall(): void;
  /**
   * What is connected now hears no word any more, as behind a firewall that forgot it, until the keepalives of either
   * end would have noticed; new connections work.
   * @returns how many there were
   */
  strand(noticed?: Noticed): number;
  /** @returns how many connections the cut or stall met: those that were open, and those that came meanwhile */
  mend(): number;
  close(): void;
}

/** When keepalives end a connection that was forgotten, in milliseconds. */
interface Noticed {
  readonly byServerAfterMs: number;
  readonly byClientAfterMs: number;
}

export const NOTICED: Noticed = { byServerAfterMs: 10_000, byClientAfterMs: 40_000 };

export async function openLink(name: string, host: string, port: number): Promise<Link> {
  const sockets = new Set<Socket>();
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket }>();
  let state: 'open' | 'cut' | 'stalled' = 'open';
  let met = 0;
  const server = createServer((near) => {
    if (state !== 'open') met += 1;
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect(port, host);
    const pair = { near, far };
    pairs.add(pair);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.setNoDelay();
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        // The two ends of a forgotten connection don't hear of each other.
        if (pairs.delete(pair)) other.destroy();
      });
      one.pipe(other);
      if (state === 'stalled') one.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    name,
    address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    cut() {
      state = 'cut';
      met = pairs.size;
      for (const socket of sockets) socket.destroy();
    },
    stall() {
      state = 'stalled';
      met = pairs.size;
      for (const socket of sockets) socket.pause();
    },
    strand({ byServerAfterMs, byClientAfterMs } = NOTICED) {
      for (const { near, far } of pairs) {
        for (const socket of [near, far]) socket.unpipe().pause();
        setTimeout(() => far.destroy(), byServerAfterMs).unref();
        setTimeout(() => near.destroy(), byClientAfterMs).unref();
      }
      const forgotten = pairs.size;
      pairs.clear();
      return forgotten;
    },
    mend() {
      if (state === 'stalled')
        for (const { near, far } of pairs) for (const socket of [near, far]) socket.resume();
      state = 'open';
      return met;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
