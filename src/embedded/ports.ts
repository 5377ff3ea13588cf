import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { PerennialError } from '../errors/define-error.ts';
import { STACK_START_FAILED } from '../errors/platform-errors.ts';

/** Below the range that systems take source ports of outgoing connections from (Linux 32768, macOS 49152). */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;
const ATTEMPTS = 200;
export const LOOPBACK = '127.0.0.1';

/** Whether this process could listen on the port right now. */
export function isPortFree(port: number, host = LOOPBACK): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A random free port of loopback that is not in `avoid`; random, so that two checkouts starting at once differ. */
export async function chooseFreePort(avoid: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (!avoid.has(port) && (await isPortFree(port))) return port;
  }
  const range = `${String(LOWEST_PORT)}-${String(HIGHEST_PORT)}`;
  throw new PerennialError(STACK_START_FAILED, `No free port was found in ${range} on ${LOOPBACK}.`);
}

/**
 * Keeps each wanted port that is still free and chooses another for the rest.
 * @returns name to port for exactly `names`.
 */
export async function settlePorts(
  names: readonly string[],
  kept: Readonly<Record<string, number>>,
): Promise<Record<string, number>> {
  const settled: Record<string, number> = {};
  const used = new Set(Object.values(kept));
  for (const name of names) {
    const wanted = kept[name];
    const port = wanted !== undefined && (await isPortFree(wanted)) ? wanted : await chooseFreePort(used);
    used.add(port);
    settled[name] = port;
  }
  return settled;
}
