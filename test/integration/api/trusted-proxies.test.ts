import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiInstance } from '../../../src/api/api-instance.ts';
import { buildServer } from '../../../src/api/server.ts';
import { ApiWorld } from './api-fixture.ts';

const PROXY = '10.0.0.9';
const GUESSER = '203.0.113.1';
const OTHER = '198.51.100.7';
const MORE_THAN_ALLOWED = 220;

let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.open();
});
afterAll(() => world.close());

/** Its clock stands still: failures count by the minute, and no minute is to end in the middle of them. */
function serverThatTrusts(trustedProxies: readonly string[]): Promise<ApiInstance> {
  const now = Date.now();
  return buildServer(world.deps({ trustedProxies, now: () => now }), pino({ level: 'silent' }));
}

/** The status that a wrong token gets; each guess is at another token. */
async function guess(app: ApiInstance, n: number, from: string, by: string): Promise<number> {
  const token = `pnl_${n.toString(16).padStart(16, '0')}_${'A'.repeat(43)}`;
  const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': from };
  const answer = await app.inject({ method: 'GET', url: '/v1/models', headers, remoteAddress: by });
  return answer.statusCode;
}

it('counts guesses by who sent them to a trusted proxy', async () => {
  const app = await serverThatTrusts(['10.0.0.0/8']);
  let last = 0;
  for (let n = 0; n < MORE_THAN_ALLOWED; n += 1) last = await guess(app, n, GUESSER, PROXY);
  expect(last).toBe(429);
  expect(await guess(app, 1000, OTHER, PROXY)).toBe(401);
  // Whoever writes the header himself is known by what the proxy adds.
  expect(await guess(app, 1001, `${OTHER}, ${GUESSER}`, PROXY)).toBe(429);
  await app.close();
});

it('does not believe the header of anybody else', async () => {
  for (const trusted of [[], ['192.168.0.0/16']]) {
    const app = await serverThatTrusts(trusted);
    let last = 0;
    for (let n = 0; n < MORE_THAN_ALLOWED; n += 1) last = await guess(app, n, `203.0.113.${n}`, PROXY);
    expect(last).toBe(429);
    await app.close();
  }
});
