/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-assignment -- answers are looked into as JSON */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENVIRONMENT, specInput } from '../registry/registry-fixture.ts';
import { ApiWorld, until } from './api-fixture.ts';

let world: ApiWorld;
let ada: string;
let otto: string;
let server: Server;
let status = 204;
const received: string[] = [];

beforeAll(async () => {
  world = await ApiWorld.open();
  await world.startWorkers();
  ada = await world.tokenFor('ada', 'data-scientist');
  otto = await world.tokenFor('otto', 'on-call');
  server = createServer((request, response) => {
    received.push(String(request.headers['webhook-id']));
    request.resume().on('end', () => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  world.secrets['HOOK_URL'] = `http://127.0.0.1:${port}/hook`;
  world.secrets['HOOK_SECRET'] = 'a secret of the shop';
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await world.close();
});

const apply = (name: string, ...urls: string[]) => {
  const webhooks = urls.map((url, i) => ({
    name: `shop-${String(i + 1)}`,
    url,
    secret: 'HOOK_SECRET',
    events: ['version.registered' as const],
  }));
  const spec = specInput(name, { notifications: { webhooks } });
  return world.call(ada, 'POST', '/v1/models', { spec });
};
const deliveries = async (name: string, query = '') =>
  (await world.call(ada, 'GET', `/v1/webhook-deliveries?model=${name}${query}`)).body.deliveries as {
    deliveryId: string;
    status: string;
    attempts: number;
    error: { code: string } | null;
  }[];
async function produce(name: string) {
  await apply(name, 'HOOK_URL');
  await world.call(ada, 'POST', `/v1/models/${name}/trigger`, { reason: 'try', idempotencyKey: name });
  const [delivery] = await until(
    'the webhook has ended',
    () => deliveries(name),
    ([first]) => first !== undefined && first.status !== 'pending',
  );
  return delivery!;
}

describe('a version that is registered', () => {
  it('is told to the endpoint of its spec, once, without anybody asking', async () => {
    const delivery = await produce('told');
    expect(delivery).toMatchObject({ status: 'delivered', attempts: 1, error: null });
    expect(received.filter((id) => id === delivery.deliveryId)).toHaveLength(1);
    const path = `/v1/webhook-deliveries/${delivery.deliveryId}`;
    const { body } = await world.call(ada, 'GET', path);
    expect(body).toMatchObject({ event: 'version.registered', log: [{ statusCode: 204, error: null }] });
    expect(JSON.parse(body.body as string)).toMatchObject({ type: 'version.registered' });
  });

  it('is told again under the same id, when a person asks for it', async () => {
    status = 404;
    const delivery = await produce('lost');
    expect(delivery).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'WEBHOOK_REFUSED' } });
    expect(await deliveries('lost', '&status=failed')).toHaveLength(1);
    status = 200;
    const path = `/v1/webhook-deliveries/${delivery.deliveryId}/redeliver`;
    expect((await world.call(otto, 'POST', path, { reason: 'mended' })).body).toEqual({ done: true });
    const [again] = await until(
      'it is delivered',
      () => deliveries('lost'),
      ([first]) => first?.status === 'delivered',
    );
    expect(again).toMatchObject({ deliveryId: delivery.deliveryId, attempts: 2, error: null });
    const actions = await world.db.query(
      `SELECT action, actor FROM audit_events WHERE model = 'lost' AND action LIKE 'webhook.%' ORDER BY seq`,
    );
    expect(actions.rows).toEqual([
      { action: 'webhook.given_up', actor: 'system:webhooks' },
      { action: 'webhook.redelivery_requested', actor: 'otto' },
    ]);
  });
});

describe('wrong inputs', () => {
  it.each([
    'http://hooks.example.com/x',
    'https://10.0.0.1/x',
    'https://2130706434/x',
    'https://[fd00:ec2::254]/x',
    'https://localhost/x',
  ])('%s is refused when the spec is applied', async (url) => {
    expect(await apply('private', url)).toMatchObject({
      status: 400,
      body: { error: { code: 'SPEC_INVALID', problems: [{ path: 'notifications.webhooks[0].url' }] } },
    });
  });

  it('an address that an environment puts in its place is refused by its own path', async () => {
    const webhooks = [{ name: 'shop', url: 'https://10.0.0.1/x', secret: 'HOOK_SECRET' }];
    const environments = { [ENVIRONMENT]: { notifications: { webhooks } } };
    const path = `environments.${ENVIRONMENT}.notifications.webhooks[0].url`;
    const spec = specInput('private', { environments });
    expect(await world.call(ada, 'POST', '/v1/models', { spec })).toMatchObject({
      status: 400,
      body: { error: { code: 'SPEC_INVALID', problems: [{ path }] } },
    });
  });

  it.each(['ftp://example.com', 'https://ada:pw@example.com/', 'https://example.com/#x', 'nowhere', ''])(
    '"%s" is no url of a webhook',
    async (url) => {
      const { body } = await apply('malformed', url);
      expect(body.error.code).toBe('SPEC_INVALID');
    },
  );

  it('tuning is refused when it is applied, as nothing carries it out yet', async () => {
    const { training, ...rest } = specInput('tuned');
    const tuning = { trials: 3, metric: 'auc', space: { C: { min: 0.1, max: 10 } } };
    const spec = { ...rest, training: { ...training, tuning } };
    expect(await world.call(ada, 'POST', '/v1/models', { spec })).toMatchObject({
      status: 400,
      body: { error: { code: 'SPEC_NOT_CARRIED_OUT', problems: [{ path: 'training.tuning' }] } },
    });
  });

  it.each([
    ['GET', '/v1/webhook-deliveries/nope', 'INPUT_INVALID'],
    ['GET', `/v1/webhook-deliveries/msg_${'0'.repeat(32)}`, 'WEBHOOK_DELIVERY_NOT_FOUND'],
    ['GET', '/v1/webhook-deliveries?status=odd', 'INPUT_INVALID'],
    ['GET', '/v1/webhook-deliveries?model=nobody', 'MODEL_NOT_FOUND'],
    ['POST', `/v1/webhook-deliveries/msg_${'0'.repeat(32)}/redeliver`, 'WEBHOOK_DELIVERY_NOT_FOUND'],
  ])('%s %s answers %s', async (method, path, code) => {
    const body = method === 'POST' ? { reason: 'again' } : undefined;
    expect((await world.call(otto, method, path, body)).body.error.code).toBe(code);
  });

  it('a redelivery needs a role', async () => {
    const path = `/v1/webhook-deliveries/msg_${'0'.repeat(32)}/redeliver`;
    expect((await world.call(ada, 'POST', path, { reason: 'again' })).status).toBe(403);
  });
});
