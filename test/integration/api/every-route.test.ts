import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyModel } from '../registry/registry-fixture.ts';
import { ApiWorld } from './api-fixture.ts';

/** These authenticate in another way, or show nothing: see webhooks.test.ts and action-pages.test.ts. */
const OPEN = ['GET /healthz', 'GET /readyz', 'POST /v1/webhooks/{endpoint}'];
const GARBAGE = [
  '',
  '{',
  'null',
  '[]',
  '"x"',
  '{"__proto__":{"a":1}}',
  '\u0000',
  '{"reason":{"$gt":""}}',
  '['.repeat(20_000),
];

let world: ApiWorld;
let routes: { method: string; path: string; url: string }[];
beforeAll(async () => {
  world = await ApiWorld.open();
  await applyModel(world.db, 'known');
  const described = (await world.send('GET', '/docs/json')).body as { paths: Record<string, object> };
  const values: Record<string, string> = { model: 'known', version: '1', tokenId: '0'.repeat(16) };
  routes = Object.entries(described.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((verb) => ({
      method: verb.toUpperCase(),
      path: `${verb.toUpperCase()} ${path}`,
      url: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? 'x'),
    })),
  );
});
afterAll(() => world.close());

const guarded = () => routes.filter(({ path }) => !OPEN.includes(path));
const code = (body: unknown) => (body as { error?: { code?: string } } | null)?.error?.code;

describe('every route of the API', () => {
  it('is one of those that are known to be open, or takes a token that is known here', async () => {
    expect(guarded().length).toBeGreaterThan(25);
    for (const [n, { method, path, url }] of guarded().entries()) {
      const forged = `pnl_${n.toString(16).padStart(16, '0')}_${'A'.repeat(43)}`;
      const answer = await world.call(forged, method, url);
      expect([path, answer.status, code(answer.body)]).toEqual([path, 401, 'UNAUTHENTICATED']);
      const without = await world.call(null, method, url);
      expect([401, 429], path).toContain(without.status);
    }
  });

  it('lets a viewer look and do nothing else', async () => {
    const viewer = await world.tokenFor('vic', 'viewer');
    for (const { method, path, url } of guarded()) {
      const { status } = await world.call(viewer, method, url, method === 'GET' ? undefined : {});
      if (method === 'GET') expect([200, 400, 403, 404], path).toContain(status);
      else expect([path, status]).toEqual([path, 403]);
    }
  });

  it('answers nonsense with one coded refusal, under the headers that all answers have', async () => {
    const admin = await world.tokenFor('root', 'admin');
    for (const { method, path, url } of guarded().filter(
      (route) => route.method !== 'GET' && !route.path.endsWith('/revoke'),
    ))
      for (const body of GARBAGE) {
        const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' };
        const answer = await world.send(method, url, { headers, body });
        expect(answer.status, `${path} ${body.slice(0, 20)}`).toBeGreaterThanOrEqual(400);
        expect(answer.status, `${path} ${body.slice(0, 20)}`).toBeLessThan(500);
        expect(code(answer.body), `${path} ${body.slice(0, 20)}`).toMatch(/^[A-Z_]+$/);
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
        expect(answer.headers.get('cache-control')).toBe('no-store');
      }
  });

  it('is bounded in what it reads: body, address and headers', async () => {
    const admin = await world.tokenFor('root', 'admin');
    const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ reason: 'x'.repeat(100_000) });
    const large = await world.send('POST', '/v1/models/known/pause', { headers, body });
    expect(large.status).toBe(413);
    const long = await world.send('GET', `/v1/models/${'x'.repeat(10_000)}`, { headers });
    expect([400, 404, 414]).toContain(long.status);
    const fat = await world.send('GET', '/v1/models', {
      headers: { ...headers, 'x-fat': 'x'.repeat(20_000) },
    });
    expect([400, 431]).toContain(fat.status);
  });
});
