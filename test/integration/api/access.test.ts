/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-assignment -- answers are looked into as JSON */
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootstrapToken, ensureFirstAdmin } from '../../../src/api/bootstrap-token.ts';
import { buildServer } from '../../../src/api/server.ts';
import { ROLES } from '../../../src/domain/role.ts';
import { withTransaction } from '../../../src/registry/database.ts';
import { actorOfToken, generateToken, revokeToken, storeToken } from '../../../src/registry/tokens.ts';
import { applyModel, openRegistry } from '../registry/registry-fixture.ts';
import { ApiWorld } from './api-fixture.ts';

let world: ApiWorld;
let admin: string;
beforeAll(async () => {
  world = await ApiWorld.open();
  admin = await world.tokenFor('root', 'admin');
  await applyModel(world.db, 'known');
});
afterAll(() => world.close());

const list = (token: string | null) => world.call(token, 'GET', '/v1/models');

describe('tokens', () => {
  it('open the API until they are revoked, at once', async () => {
    const made = await world.call(admin, 'POST', '/v1/tokens', { actor: 'vic', roles: ['viewer'] });
    const token = made.body.token as string;
    expect(token).toMatch(/^pnl_[0-9a-f]{16}_/);
    expect((await list(token)).status).toBe(200);
    const path = `/v1/tokens/${made.body.tokenId as string}/revoke`;
    expect((await world.call(admin, 'POST', path)).body.revokedAt).not.toBeNull();
    expect(await list(token)).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHENTICATED' } } });
    expect((await world.call(admin, 'POST', path)).status).toBe(200);
  });

  it('are stored and listed without their secret', async () => {
    const made = await world.call(admin, 'POST', '/v1/tokens', { actor: 'vic', roles: ['viewer'] });
    const secret = (made.body.token as string).split('_').slice(2).join('_');
    const listed = await world.call(admin, 'GET', '/v1/tokens');
    expect(listed.text).not.toContain(secret);
    const { rows } = await world.db.query('SELECT * FROM tokens');
    expect(JSON.stringify(rows)).not.toContain(secret);
    const audit = await world.call(admin, 'GET', '/v1/audit');
    expect(audit.text).not.toContain(secret);
    expect(world.logs.join('')).not.toContain(secret);
  });

  it('are worth nothing once expired', async () => {
    const secret = generateToken();
    const past = new Date(Date.now() - 1000);
    await withTransaction(world.db, (tx) =>
      storeToken(tx, secret, { actor: 'late', roles: ['admin'], expiresAt: past, createdBy: 'test' }),
    );
    expect((await list(secret.token)).status).toBe(401);
  });

  it('are refused when anything about them is wrong', async () => {
    const good = await world.tokenFor('vic', 'viewer');
    const flipped = good.slice(0, -2) + (good.endsWith('AA') ? 'BB' : 'AA');
    const wrong = [
      null,
      '',
      'x',
      'pnl__',
      `${good}x`,
      good.slice(0, -1),
      flipped,
      good.toUpperCase(),
      ` ${good}x`,
    ];
    for (const token of wrong) {
      const answer = await list(token);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    }
    const basic = await world.send('GET', '/v1/models', { headers: { authorization: `Basic ${good}` } });
    expect(basic.status).toBe(401);
  });

  it('are held back after too many failures, without holding up anybody else', async () => {
    const id = 'f'.repeat(16);
    const guess = (n: number) => list(`pnl_${id}_${String(n).padStart(43, 'A')}`);
    for (let n = 0; n < 20; n += 1) expect((await guess(n)).status).toBe(401);
    const held = await guess(21);
    expect(held).toMatchObject({ status: 429, body: { error: { code: 'TOO_MANY_FAILURES' } } });
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await list(admin)).status).toBe(200);
  });
});

describe('the first admin token', () => {
  it('is written for its owner only, kept while it works, and replaced when it does not', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'perennial-token-'));
    const first = await bootstrapToken(world.db, dataDir);
    expect((await stat(first.file)).mode & 0o777).toBe(0o600);
    expect((await readFile(first.file, 'utf8')).trim()).toBe(first.token);
    expect((await list(first.token)).status).toBe(200);
    expect(await bootstrapToken(world.db, dataDir)).toEqual(first);

    const tokenId = first.token.split('_')[1]!;
    await withTransaction(world.db, (tx) => revokeToken(tx, tokenId, { id: 'root', roles: [] }));
    const second = await bootstrapToken(world.db, dataDir);
    expect(second.token).not.toBe(first.token);
    expect(await actorOfToken(world.db, second.token)).toEqual({ id: 'admin', roles: ['admin'] });
    await writeFile(second.file, 'garbage');
    expect((await bootstrapToken(world.db, dataDir)).token).not.toBe(second.token);
  });

  it('is not made where another valid one exists', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'perennial-token-'));
    expect(await ensureFirstAdmin(world.db, dataDir)).toBeNull();
    const db = await openRegistry();
    const made = await ensureFirstAdmin(db, dataDir);
    expect(await actorOfToken(db, made?.token ?? '')).toMatchObject({ roles: ['admin'] });
    await db.end();
  });
});

describe('roles', () => {
  const commands: [string, string, string[]][] = [
    ['GET', '/v1/models', [...ROLES]],
    ['POST', '/v1/models', ['data-scientist', 'ml-engineer', 'admin']],
    ['POST', '/v1/models/known/trigger', ['data-scientist', 'ml-engineer', 'admin']],
    ['POST', '/v1/models/known/versions/1/approve', ['ml-engineer', 'compliance', 'admin']],
    ['POST', '/v1/models/known/versions/1/reject', ['ml-engineer', 'compliance', 'admin']],
    ['POST', '/v1/models/known/pause', ['ml-engineer', 'on-call', 'admin']],
    ['POST', '/v1/models/known/rollback', ['ml-engineer', 'on-call', 'admin']],
    ['POST', '/v1/models/known/versions/1/rollout/promote', ['ml-engineer', 'admin']],
    ['POST', '/v1/incidents/i/ack', ['on-call', 'admin']],
    ['POST', '/v1/tokens', ['admin']],
    ['GET', '/v1/tokens', ['admin']],
  ];
  it.each(commands)('%s %s is for those who may, and nobody else', async (method, path, allowed) => {
    for (const role of ROLES) {
      const token = await world.tokenFor(`a-${role}`, role);
      const answer = await world.call(token, method, path, method === 'POST' ? {} : undefined);
      if (allowed.includes(role)) expect(answer.status).not.toBe(403);
      else expect(answer).toMatchObject({ status: 403, body: { error: { code: 'PERMISSION_DENIED' } } });
    }
  });

  it('give nothing to a token without any', async () => {
    const token = await world.tokenFor('nobody');
    expect((await list(token)).status).toBe(403);
  });
});

describe('answers', () => {
  it('carry security headers and a request id', async () => {
    const { headers } = await list(admin);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('are described at /docs, every route with its schema', async () => {
    expect((await world.send('GET', '/docs/')).status).toBeLessThan(400);
    const { body } = await world.send('GET', '/docs/json');
    const routes = Object.keys(body.paths as object);
    expect(routes).toContain('/v1/models/{model}/versions/{version}/approve');
    expect(routes).toContain('/v1/webhooks/{endpoint}');
    expect(routes.some((route) => route.startsWith('/act/'))).toBe(false);
    const approve = body.paths['/v1/models/{model}/versions/{version}/approve'].post;
    expect(approve.requestBody.content['application/json'].schema.required).toContain('evidenceHash');
  });

  it('tell health without a token, and readiness truly', async () => {
    expect((await world.send('GET', '/healthz')).body).toMatchObject({ status: 'ok' });
    expect((await world.send('GET', '/readyz')).body).toMatchObject({ status: 'ok' });
  });
});

it('guesses at ever new token ids end, and whoever has signed in before is not held up', async () => {
  // Its clock stands still: failures count by the minute, and no minute is to end in the middle of them.
  const now = Date.now();
  const app = await buildServer(world.deps({ now: () => now }), pino({ level: 'silent' }));
  const listBy = async (token: string) =>
    (await app.inject({ url: '/v1/models', headers: { authorization: `Bearer ${token}` } })).statusCode;
  const vic = await world.tokenFor('vic', 'viewer');
  const knownHere = [vic, admin];
  for (const token of knownHere) expect(await listBy(token)).toBe(200);
  const guess = (n: number) =>
    listBy(`pnl_${n.toString(16).padStart(16, '0')}_${String(n).padStart(43, 'A')}`);
  const statuses: number[] = [];
  for (let n = 0; n < 220; n += 1) statuses.push(await guess(n));
  expect(statuses.filter((status) => status === 401)).toHaveLength(200);
  expect(statuses.at(-1)).toBe(429);
  for (const token of knownHere) expect(await listBy(token)).toBe(200);
  await app.close();
});
