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
  /** What is connected now stays so and never hears a word again, as behind a firewall that forgot it; new connections work. */
  strand(): void;
  mend(): void;
  close(): void;
}

export async function openLink(name: string, host: string, port: number): Promise<Link> {
  const sockets = new Set<Socket>();
  let state: 'open' | 'cut' | 'stalled' = 'open';
  const server = createServer((near) => {
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect(port, host);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.setNoDelay();
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
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
      for (const socket of sockets) socket.destroy();
    },
    stall() {
      state = 'stalled';
      for (const socket of sockets) socket.pause();
    },
    strand() {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    mend() {
      if (state === 'stalled') for (const socket of sockets) socket.resume();
      state = 'open';
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
