/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-assignment -- answers are looked into as JSON */
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyModel, auditActions, candidate, ENVIRONMENT, specInput } from '../registry/registry-fixture.ts';
import { ApiWorld } from './api-fixture.ts';

let world: ApiWorld;
let admin: string;
const HASH = 'a'.repeat(64);

beforeAll(async () => {
  world = await ApiWorld.open();
  admin = await world.tokenFor('root', 'admin');
  await candidate(world.db, await applyModel(world.db, 'known'), 'k');
});
afterAll(() => world.close());

/** Every refusal has the one shape, and says nothing of the inside. */
function expectRefusal(
  answer: { status: number; body: unknown; text: string },
  code: string,
  status: number,
) {
  expect(answer.body, answer.text).toMatchObject({ error: { code, requestId: expect.any(String) } });
  expect(answer.status).toBe(status);
  expect(answer.text).not.toMatch(/node_modules|\bat \w+ \(|SELECT|INSERT/);
}

type Case = readonly [what: string, body: unknown, code: string, status: number];
const notObject = (status = 400): Case[] => [
  ['null', null, 'INPUT_INVALID', status],
  ['a list', [], 'INPUT_INVALID', status],
  ['a string', 'x', 'INPUT_INVALID', status],
  ['an empty object', {}, 'INPUT_INVALID', status],
];
const reasons = (rest: object): Case[] => [
  ...notObject(),
  ['an empty reason', { ...rest, reason: '' }, 'INPUT_INVALID', 400],
  ['a blank reason', { ...rest, reason: '   ' }, 'INPUT_INVALID', 400],
  ['a number as reason', { ...rest, reason: 7 }, 'INPUT_INVALID', 400],
  ['a reason of 2,001 characters', { ...rest, reason: 'x'.repeat(2001) }, 'INPUT_INVALID', 400],
  ['a NUL in the reason', { ...rest, reason: 'a\0b' }, 'INPUT_INVALID', 400],
  ['half a character in the reason', { ...rest, reason: 'a\ud800b' }, 'INPUT_INVALID', 400],
  ['an unknown key', { ...rest, reason: 'ok', also: 1 }, 'INPUT_INVALID', 400],
];

const good = specInput('good');
const APPLY: Case[] = [
  ...notObject(),
  ['an empty spec', { spec: {} }, 'SPEC_INVALID', 400],
  ['a spec of another version', { spec: { ...good, apiVersion: 'perennial/v2' } }, 'SPEC_INVALID', 400],
  ['a name with capitals', { spec: { ...good, name: 'Good' } }, 'SPEC_INVALID', 400],
  ['a name that climbs', { spec: { ...good, name: '../etc' } }, 'SPEC_INVALID', 400],
  ['an unknown key', { spec: { ...good, gatez: [] } }, 'SPEC_INVALID', 400],
  [
    'a feature of no view',
    { spec: specInput('good', { training: { ...good.training, features: ['nope.a'] } }) },
    'SPEC_INVALID',
    400,
  ],
  ['a NUL in a text', { spec: { ...good, description: 'a\0b' } }, 'SPEC_INVALID', 400],
  ['half a character in a text', { spec: { ...good, description: 'a\udc00b' } }, 'SPEC_INVALID', 400],
  [
    'SQL that is still a file',
    {
      spec: {
        ...good,
        features: { views: { shop: { ...good.features.views['shop'], query: { file: 'x.sql' } } } },
      },
    },
    'SPEC_INVALID',
    400,
  ],
  ['a file that climbs', { spec: good, files: [{ path: '../x', contentBase64: '' }] }, 'INPUT_INVALID', 400],
  ['an absolute file', { spec: good, files: [{ path: '/etc/x', contentBase64: '' }] }, 'INPUT_INVALID', 400],
  [
    'content that is not base64',
    { spec: good, files: [{ path: 'x', contentBase64: '§' }] },
    'INPUT_INVALID',
    400,
  ],
  [
    'a file twice',
    {
      spec: good,
      files: [
        { path: 'x', contentBase64: '' },
        { path: 'x', contentBase64: '' },
      ],
    },
    'SPEC_INVALID',
    400,
  ],
  [
    'a file that is also a folder',
    {
      spec: good,
      files: [
        { path: 'x', contentBase64: '' },
        { path: 'x/y', contentBase64: '' },
      ],
    },
    'SPEC_INVALID',
    400,
  ],
];

const TRIGGER: Case[] = [
  ...reasons({ idempotencyKey: 'k' }),
  ['no key', { reason: 'ok' }, 'INPUT_INVALID', 400],
  ['a reserved key', { reason: 'ok', idempotencyKey: 'webhook:ci:1' }, 'INPUT_INVALID', 400],
  ['a key with a space', { reason: 'ok', idempotencyKey: 'a b' }, 'INPUT_INVALID', 400],
];
const DECIDE: Case[] = [
  ...reasons({ evidenceHash: HASH }),
  ['no evidence', { reason: 'ok' }, 'INPUT_INVALID', 400],
  ['evidence that is no hash', { reason: 'ok', evidenceHash: 'abc' }, 'INPUT_INVALID', 400],
  ['a version without an approval', { reason: 'ok', evidenceHash: HASH }, 'APPROVAL_NOT_OPEN', 409],
];
const ROLLBACK: Case[] = [
  ...reasons({}),
  ['version 0', { reason: 'ok', to: 0 }, 'INPUT_INVALID', 400],
  ['half a version', { reason: 'ok', to: 1.5 }, 'INPUT_INVALID', 400],
  ['a version beyond the integers', { reason: 'ok', to: 2 ** 31 }, 'INPUT_INVALID', 400],
  ['a version that does not exist', { reason: 'ok', to: 99 }, 'VERSION_NOT_FOUND', 404],
];
const TOKENS: Case[] = [
  ...notObject(),
  ['no roles', { actor: 'x', roles: [] }, 'INPUT_INVALID', 400],
  ['an unknown role', { actor: 'x', roles: ['king'] }, 'INPUT_INVALID', 400],
  ['an actor of the system', { actor: 'system:gates', roles: ['viewer'] }, 'INPUT_INVALID', 400],
  ['an actor with spaces', { actor: 'a b', roles: ['viewer'] }, 'INPUT_INVALID', 400],
  ['an expiry in the past', { actor: 'x', roles: ['viewer'], expiresInDays: -1 }, 'INPUT_INVALID', 400],
  ['an expiry in a century', { actor: 'x', roles: ['viewer'], expiresInDays: 36_500 }, 'INPUT_INVALID', 400],
];
const INCIDENT: Case[] = [
  ...reasons({}),
  ['an incident that does not exist', { reason: 'ok' }, 'INCIDENT_NOT_FOUND', 404],
];
const ROLLOUT: Case[] = [...reasons({}), ['no rollout', { reason: 'ok' }, 'ROLLOUT_NOT_RUNNING', 409]];

describe.each([
  ['/v1/models', APPLY],
  ['/v1/models/known/trigger', TRIGGER],
  ['/v1/models/known/pause', reasons({})],
  ['/v1/models/known/resume', reasons({})],
  ['/v1/models/known/rollback', ROLLBACK],
  ['/v1/models/known/versions/1/approve', DECIDE],
  ['/v1/models/known/versions/1/reject', DECIDE],
  ['/v1/models/known/versions/1/rollout/pause', ROLLOUT],
  ['/v1/models/known/versions/1/rollout/resume', ROLLOUT],
  ['/v1/models/known/versions/1/rollout/abort', ROLLOUT],
  ['/v1/models/known/versions/1/rollout/promote', ROLLOUT],
  ['/v1/incidents/nope/ack', INCIDENT],
  ['/v1/incidents/nope/resolve', INCIDENT],
  ['/v1/tokens', TOKENS],
] as const)('POST %s', (path, cases) => {
  it.each(cases.map((one) => [...one] as [string, unknown, string, number]))(
    'refuses %s with a code',
    async (_what, body, code, status) => {
      expectRefusal(await world.call(admin, 'POST', path, body), code, status);
    },
  );
});

describe('addresses and queries', () => {
  it.each([
    ['/v1/models/Known', 'INPUT_INVALID', 400],
    ['/v1/models/nobody', 'MODEL_NOT_FOUND', 404],
    ['/v1/models/nobody/versions', 'MODEL_NOT_FOUND', 404],
    ['/v1/models/nobody/timeline', 'MODEL_NOT_FOUND', 404],
    ['/v1/models/nobody/findings', 'MODEL_NOT_FOUND', 404],
    ['/v1/models/known/versions/99', 'VERSION_NOT_FOUND', 404],
    ['/v1/models/known/versions/0', 'INPUT_INVALID', 400],
    ['/v1/models/known/versions/x', 'INPUT_INVALID', 400],
    ['/v1/models/known/versions/99999999999', 'INPUT_INVALID', 400],
    ['/v1/models/known/versions/99/card', 'VERSION_NOT_FOUND', 404],
    ['/v1/models/known/versions/99/lineage', 'VERSION_NOT_FOUND', 404],
    ['/v1/models/known/versions/99/gates', 'VERSION_NOT_FOUND', 404],
    ['/v1/models/known/versions/99/decisions', 'VERSION_NOT_FOUND', 404],
    ['/v1/models/known/versions/1/card?format=pdf', 'INPUT_INVALID', 400],
    ['/v1/models/known/served-at', 'INPUT_INVALID', 400],
    ['/v1/models/known/served-at?time=yesterday', 'INPUT_INVALID', 400],
    ['/v1/models/known/served-at?time=2020-01-01T00:00:00Z', 'VERSION_NOT_FOUND', 404],
    ['/v1/models?environment=prod', 'ENVIRONMENT_NOT_SERVED', 404],
    ['/v1/models?environment=prod&environment=test', 'ENVIRONMENT_NOT_SERVED', 404],
    ['/v1/models/known/timeline?limit=0', 'INPUT_INVALID', 400],
    ['/v1/models/known/timeline?limit=501', 'INPUT_INVALID', 400],
    ['/v1/audit?after=-1', 'INPUT_INVALID', 400],
    ['/v1/audit?after=x', 'INPUT_INVALID', 400],
    ['/v1/incidents?status=gone', 'INPUT_INVALID', 400],
    ['/v1/incidents/nope', 'INCIDENT_NOT_FOUND', 404],
    ['/v1/incidents/a%00b', 'INPUT_INVALID', 400],
    ['/v1/nothing', 'ROUTE_NOT_FOUND', 404],
    ['/nothing', 'ROUTE_NOT_FOUND', 404],
    ['/%zz', 'REQUEST_INVALID', 400],
  ])('GET %s is refused as %s', async (path, code, status) => {
    expectRefusal(await world.call(admin, 'GET', path), code, status);
  });

  it('takes its own environment by name', async () => {
    expect((await world.call(admin, 'GET', `/v1/models?environment=${ENVIRONMENT}`)).status).toBe(200);
  });

  it('refuses to revoke what is no token', async () => {
    expectRefusal(
      await world.call(admin, 'POST', `/v1/tokens/${'0'.repeat(16)}/revoke`),
      'TOKEN_NOT_FOUND',
      404,
    );
    expectRefusal(await world.call(admin, 'POST', '/v1/tokens/x/revoke'), 'INPUT_INVALID', 400);
  });
});

describe('bodies', () => {
  const send = (headers: Record<string, string>, body: string) =>
    world.send('POST', '/v1/models/known/pause', {
      headers: { authorization: `Bearer ${admin}`, ...headers },
      body,
    });
  const json = { 'content-type': 'application/json' };

  it.each([
    ['broken JSON', json, '{"reason": ', 'BODY_MALFORMED', 400],
    ['nothing', json, '', 'BODY_MALFORMED', 400],
    ['a prototype', json, '{"__proto__": {"admin": true}, "reason": "x"}', 'BODY_MALFORMED', 400],
    [
      'a form',
      { 'content-type': 'application/x-www-form-urlencoded' },
      'reason=x',
      'MEDIA_TYPE_UNSUPPORTED',
      415,
    ],
    ['XML', { 'content-type': 'application/xml' }, '<reason/>', 'MEDIA_TYPE_UNSUPPORTED', 415],
    ['65 KiB and more', json, JSON.stringify({ reason: 'x'.repeat(66_000) }), 'BODY_TOO_LARGE', 413],
  ])('refuses %s', async (_what, headers, body, code, status) => {
    expectRefusal(await send(headers, body), code, status);
  });

  it('answers even what is not HTTP in the one shape', async () => {
    const port = Number(new URL(world.url).port);
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.end('NONSENSE\r\n\r\n'));
      let seen = '';
      socket.on('data', (chunk) => (seen += chunk.toString()));
      socket.on('close', () => resolve(seen));
      socket.on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(text.slice(text.indexOf('{')))).toMatchObject({ error: { code: 'REQUEST_INVALID' } });
  });

  it('refuses a body that is shorter than it says', async () => {
    const status = await new Promise<number | string>((resolve) => {
      const request = httpRequest(`${world.url}/v1/models/known/pause`, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin}`, ...json, 'content-length': '50' },
      });
      request.on('response', (response) => resolve(response.statusCode ?? 0));
      request.on('error', () => resolve('closed'));
      request.write('{"reason":"x"}', () => request.destroy());
    });
    expect([400, 'closed']).toContain(status);
  });
});

it('has changed nothing by any of this', async () => {
  expect(await auditActions(world.db, 'known')).toEqual([
    'model.created',
    'spec.applied',
    'version.allocated',
    'version.stage_changed',
  ]);
  expect((await world.call(admin, 'GET', '/v1/models')).body.models).toHaveLength(1);
});
