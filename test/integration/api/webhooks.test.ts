/* eslint-disable @typescript-eslint/no-unsafe-member-access -- answers are looked into as JSON */
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLifecycleClient } from '../../../src/api/lifecycle-client.ts';
import { buildServer } from '../../../src/api/server.ts';
import { PerennialError } from '../../../src/errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../../../src/errors/lifecycle-errors.ts';
import { webhookSignature } from '../../../src/notifications/webhook-signature.ts';
import { specInput } from '../registry/registry-fixture.ts';
import { ApiWorld, NIGHTLY_SECRET, until, WEBHOOK_SECRET } from './api-fixture.ts';

let world: ApiWorld;
let ada: string;
beforeAll(async () => {
  world = await ApiWorld.open();
  await world.startWorkers();
  ada = await world.tokenFor('ada', 'data-scientist');
  await world.call(ada, 'POST', '/v1/models', { spec: specInput('hooked') });
});
afterAll(() => world.close());

interface Delivery {
  readonly id?: string;
  readonly body?: string;
  readonly timestamp?: number;
  readonly secret?: string;
  readonly endpoint?: string;
  readonly signature?: (right: string) => string;
}
const BODY = JSON.stringify({ model: 'hooked', reason: 'new data', event: 'landed' });

function signedDelivery(delivery: Delivery = {}) {
  const id = delivery.id ?? randomUUID();
  const body = delivery.body ?? BODY;
  const timestamp = String(delivery.timestamp ?? Math.floor(Date.now() / 1000));
  const right = `v1,${webhookSignature(delivery.secret ?? WEBHOOK_SECRET, id, timestamp, Buffer.from(body))}`;
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': delivery.signature?.(right) ?? right,
  };
  return { headers, body };
}

async function deliver(delivery: Delivery = {}) {
  return world.send('POST', `/v1/webhooks/${delivery.endpoint ?? 'ci'}`, signedDelivery(delivery));
}

/** Sends to `nightly` what `fetch` wouldn't, such as a header twice. @returns status and code of the answer */
async function deliverRaw(headers: OutgoingHttpHeaders, body: string): Promise<[number, string]> {
  const sent = request(`${world.url}/v1/webhooks/nightly`, { method: 'POST', headers });
  const answered = new Promise<[number, string]>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => {
      text(response).then((answer) => {
        const { error } = JSON.parse(answer) as { error?: { code: string } };
        resolve([response.statusCode ?? 0, error?.code ?? 'OK']);
      }, reject);
    });
  });
  sent.end(body);
  return answered;
}

describe('a signed webhook', () => {
  it('asks for a version once, and answers a replay as the first time', async () => {
    const first = await deliver({ id: 'd-1' });
    expect(first).toMatchObject({
      status: 200,
      body: { model: 'hooked', key: 'webhook:ci:d-1', trigger: { kind: 'started' } },
    });
    expect((await deliver({ id: 'd-1' })).body).toEqual(first.body);
    await until(
      'one version exists',
      () => world.call(ada, 'GET', '/v1/models/hooked/versions'),
      ({ body }) => body.versions.length === 1,
    );
    const { rows } = await world.db.query("SELECT 1 FROM versions WHERE trigger_key LIKE 'webhook:%'");
    expect(rows).toHaveLength(1);
  });

  it('gives many deliveries of one id at once the same answer', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => deliver({ id: 'd-many' })));
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
  });

  it('acts once for one id, also where another body is signed for it', async () => {
    const first = await deliver({ id: 'd-body' });
    const other = JSON.stringify({ model: 'hooked', reason: 'something else' });
    expect((await deliver({ id: 'd-body', body: other })).body).toEqual(first.body);
    const { rows } = await world.db.query(
      "SELECT 1 FROM versions WHERE trigger ->> 'reason' = 'something else'",
    );
    expect(rows).toEqual([]);
  });

  it('is answered as the first time by a server that was started since', async () => {
    const sent = signedDelivery({ id: 'd-restart' });
    const first = await world.send('POST', '/v1/webhooks/ci', sent);
    const restarted = await buildServer(world.deps(), pino({ level: 'silent' }));
    const url = await restarted.listen({ host: '127.0.0.1', port: 0 });
    const replayed = await fetch(`${url}/v1/webhooks/ci`, { method: 'POST', ...sent });
    expect(replayed.status).toBe(200);
    expect(await replayed.json()).toEqual(first.body);
    await restarted.close();
  });

  it('asks its lifecycle once, however often it comes before it was answered, and to whichever process', async () => {
    const lifecycle = createLifecycleClient(world.client);
    const asked: string[] = [];
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const deps = world.deps({
      lifecycle: {
        ...lifecycle,
        requestVersion: async (ref, trigger) => {
          asked.push(trigger.key);
          await held;
          return lifecycle.requestVersion(ref, trigger);
        },
      },
    });
    const servers = await Promise.all([1, 2].map(() => buildServer(deps, pino({ level: 'silent' }))));
    const urls = await Promise.all(servers.map((server) => server.listen({ host: '127.0.0.1', port: 0 })));
    const send = async (id: string, to = 0) => {
      const answer = await fetch(`${urls[to] ?? ''}/v1/webhooks/ci`, {
        method: 'POST',
        ...signedDelivery({ id }),
      });
      return {
        status: answer.status,
        body: await answer.text(),
        comeAgain: answer.headers.get('retry-after'),
      };
    };
    const countAsked = (count: number) =>
      until(
        `the lifecycle is asked ${String(count)} times`,
        () => Promise.resolve(asked.length),
        (length) => length >= count,
      );
    const first = send('d-again');
    await countAsked(1);
    const again = [send('d-again'), send('d-again')];
    const meanwhile = send('d-other');
    await countAsked(2);
    expect(await send('d-again', 1)).toMatchObject({
      status: 503,
      body: expect.stringContaining('WEBHOOK_UNDER_WAY') as string,
      comeAgain: '2',
    });
    goOn();
    const texts = (await Promise.all([first, ...again])).map((answer) => answer.body);
    expect(new Set(texts).size).toBe(1);
    expect((await meanwhile).status).toBe(200);
    expect((await send('d-again', 1)).body).toBe(texts[0]);
    expect(asked).toEqual(['webhook:ci:d-again', 'webhook:ci:d-other']);
    await Promise.all(servers.map((server) => server.close()));
  });

  it('is acted on at once when it comes again after its lifecycle could not be asked', async () => {
    const lifecycle = createLifecycleClient(world.client);
    let away = true;
    const deps = world.deps({
      lifecycle: {
        ...lifecycle,
        requestVersion: (ref, trigger) => {
          if (away) throw new PerennialError(DEPENDENCY_UNAVAILABLE, 'Temporal is away');
          return lifecycle.requestVersion(ref, trigger);
        },
      },
    });
    const server = await buildServer(deps, pino({ level: 'silent' }));
    const url = await server.listen({ host: '127.0.0.1', port: 0 });
    const send = () =>
      fetch(`${url}/v1/webhooks/ci`, { method: 'POST', ...signedDelivery({ id: 'd-away' }) });
    expect((await send()).status).toBe(503);
    away = false;
    expect((await send()).status).toBe(200);
    await server.close();
  });

  it('is signed as bytes: letters of several bytes count, whatever the content type says', async () => {
    const { headers, body } = signedDelivery({
      secret: NIGHTLY_SECRET,
      body: '{"model":"hooked","reason":"neue Bl\u00e4tter: Blätter 🌱"}',
    });
    const type = { 'content-type': 'text/plain; charset=latin1' };
    expect(await deliverRaw({ ...headers, ...type }, body)).toEqual([200, 'OK']);
  });

  it('takes any of several signatures while a secret is rotated', async () => {
    const rotated = await deliver({
      signature: (right) => `v1,${Buffer.alloc(32).toString('base64')} ${right}`,
    });
    expect(rotated.status).toBe(200);
  });

  it('may be sent again after a refusal that was not about its signature', async () => {
    const body = JSON.stringify({ model: 'unborn', reason: 'r' });
    expect((await deliver({ id: 'd-early', body })).status).toBe(404);
    await world.call(ada, 'POST', '/v1/models', { spec: specInput('unborn') });
    expect((await deliver({ id: 'd-early', body })).status).toBe(200);
  });
});

describe('a webhook is refused, and does nothing,', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const cases: [string, Delivery][] = [
    ['with another secret', { secret: 'wrong' }],
    ['with the secret of another endpoint', { secret: NIGHTLY_SECRET }],
    ['to an unknown endpoint', { endpoint: 'other' }],
    ['to an endpoint named like a property', { endpoint: 'constructor' }],
    ['older than five minutes', { timestamp: now() - 900 }],
    ['from the future', { timestamp: now() + 900 }],
    ['with a timestamp that is no number', { timestamp: Number.NaN }],
    ['without a signature', { signature: () => '' }],
    ['signed by another scheme', { signature: (right) => right.replace('v1,', 'v0,') }],
    ['with a cut signature', { signature: (right) => right.slice(0, -6) }],
    ['with an id that holds a space', { id: 'a b' }],
    ['without an id', { id: '' }],
  ];
  it.each(cases)('%s', async (_what, delivery) => {
    expect(await deliver(delivery)).toMatchObject({
      status: 401,
      body: { error: { code: 'WEBHOOK_SIGNATURE_INVALID' } },
    });
  });

  it('with a body that was changed on its way', async () => {
    const id = randomUUID();
    const timestamp = String(now());
    const signature = `v1,${webhookSignature(WEBHOOK_SECRET, id, timestamp, Buffer.from(BODY))}`;
    const answer = await world.send('POST', '/v1/webhooks/ci', {
      headers: { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature },
      body: BODY.replace('new data', 'old data'),
    });
    expect(answer.status).toBe(401);
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
    'with the header %s missing, empty, twice or too long',
    async (name) => {
      const { headers, body } = signedDelivery({ secret: NIGHTLY_SECRET });
      const right = headers[name as keyof typeof headers];
      const { [name]: _left, ...without } = headers as Record<string, string>;
      const refused = [401, 'WEBHOOK_SIGNATURE_INVALID'];
      expect(await deliverRaw(without, body)).toEqual(refused);
      expect(await deliverRaw({ ...headers, [name]: '' }, body)).toEqual(refused);
      expect(await deliverRaw({ ...headers, [name]: [right, right] }, body)).toEqual(refused);
      expect(await deliverRaw({ ...headers, [name]: right.repeat(60) }, body)).toEqual(refused);
      expect(await deliverRaw({ ...headers, [name]: 'x'.repeat(20_000) }, body)).toEqual([
        400,
        'REQUEST_INVALID',
      ]);
    },
  );

  const bodies: [string, string, string][] = [
    ['that is not JSON', '{', 'BODY_MALFORMED'],
    ['that is empty', '', 'BODY_MALFORMED'],
    ['without a model', JSON.stringify({ reason: 'x' }), 'INPUT_INVALID'],
    ['with a wrong name', JSON.stringify({ model: '../x', reason: 'x' }), 'INPUT_INVALID'],
    ['without a reason', JSON.stringify({ model: 'hooked' }), 'INPUT_INVALID'],
    ['of an unknown model', JSON.stringify({ model: 'nobody', reason: 'x' }), 'MODEL_NOT_FOUND'],
    ['with a NUL', JSON.stringify({ model: 'hooked', reason: 'a\0b' }), 'INPUT_INVALID'],
    [
      'with a NUL in its event',
      JSON.stringify({ model: 'hooked', reason: 'a', event: 'b\0c' }),
      'INPUT_INVALID',
    ],
    ['with half a character', JSON.stringify({ model: 'hooked', reason: 'a\ud800b' }), 'INPUT_INVALID'],
    ['that is a list', '[]', 'INPUT_INVALID'],
    ['with a byte order mark', `\uFEFF${BODY}`, 'BODY_MALFORMED'],
    ['that is nested a hundred thousand deep', '['.repeat(100_000), 'BODY_MALFORMED'],
    [
      'that is too large',
      JSON.stringify({ model: 'hooked', reason: 'x', pad: 'x'.repeat(300_000) }),
      'BODY_TOO_LARGE',
    ],
  ];
  it.each(bodies)('signed, with a body %s', async (_what, body, code) => {
    expect((await deliver({ body })).body).toMatchObject({ error: { code } });
  });

  it('and never leaves a record of a delivery that was not signed', async () => {
    const { rows } = await world.db.query<{ delivery_id: string }>(
      'SELECT delivery_id FROM webhook_deliveries',
    );
    const ids = rows.map((row) => row.delivery_id);
    expect(ids).not.toContain('a b');
    expect(ids).toContain('d-1');
  });
});

it('is taken from its sender, however many others forge deliveries at the same address', async () => {
  // Its clock stands still: failures count by the minute, and no minute is to end in the middle of them.
  const now = Date.now();
  const server = await buildServer(world.deps({ now: () => now }), pino({ level: 'silent' }));
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const send = (delivery: Delivery) =>
    fetch(`${url}/v1/webhooks/ci`, { method: 'POST', ...signedDelivery(delivery) });
  const codes: string[] = [];
  for (let n = 0; n < 40; n += 1) {
    const forged = await send({ secret: 'a secret that was guessed' });
    codes.push(((await forged.json()) as { error: { code: string } }).error.code);
  }
  expect(codes.at(-1)).toBe('TOO_MANY_FAILURES');
  expect((await send({})).status).toBe(200);
  await server.close();
});
