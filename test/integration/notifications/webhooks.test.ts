import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWebhookActivities } from '../../../activities/webhooks.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import { webhookSignature } from '../../../src/notifications/webhook-signature.ts';
import { withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { insertFindings } from '../../../src/registry/findings.ts';
import {
  getWebhookDelivery,
  listWebhookAttempts,
  listWebhookDeliveries,
} from '../../../src/registry/webhook-log.ts';
import { moveStage } from '../../../src/registry/versions.ts';
import {
  ADA,
  applyModel,
  auditActions,
  candidate,
  ENVIRONMENT,
  openRegistry,
} from '../registry/registry-fixture.ts';

const SECRET = 'a secret of the shop';

let db: Database;
let server: Server;
let url: URL;
let status = 204;
const received: { headers: IncomingHttpHeaders; body: string }[] = [];
const secrets: Record<string, string | undefined> = {};

beforeAll(async () => {
  db = await openRegistry();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = new URL(`http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}/hook`);
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await db.end();
});
beforeEach(() => {
  status = 204;
  received.length = 0;
  secrets['HOOK_URL'] = url.href;
  secrets['HOOK_SECRET'] = SECRET;
});

const endpoint = (name: string, ...events: string[]) => ({
  name,
  url: 'HOOK_URL',
  secret: 'HOOK_SECRET',
  ...(events.length === 0 ? {} : { events: events as ['version.registered'] }),
});
const activities = () =>
  createWebhookActivities({ db, allowedHosts: [url.host], secrets: (name) => secrets[name] });
const deliveriesOf = (model: string) =>
  listWebhookDeliveries(db, { environment: ENVIRONMENT, model, limit: 50 });

async function registered(model: string, ...endpoints: ReturnType<typeof endpoint>[]) {
  const ref = await applyModel(db, model, { notifications: { webhooks: endpoints } });
  return { ...ref, version: await candidate(db, ref, 'first') };
}
async function delivered(model: string) {
  const [delivery] = await deliveriesOf(model);
  if (!delivery) throw new Error(`no delivery of ${model}`);
  return { model, environment: ENVIRONMENT, deliveryId: delivery.deliveryId };
}

describe('an event', () => {
  it('is written for each endpoint that wants it, in the transaction that makes it', async () => {
    const ref = await registered('told', endpoint('all'), endpoint('champions', 'champion.changed'));
    expect((await deliveriesOf('told')).map(({ endpoint: to, event }) => [to, event])).toEqual([
      ['all', 'version.registered'],
    ]);
    const move = { ...ref, stage: 'validated', reason: 'gates pass', actor: ADA } as const;
    await expect(
      withTransaction(db, async (tx) => {
        await moveStage(tx, move);
        throw new Error('killed before the commit');
      }),
    ).rejects.toThrow('killed');
    expect(await deliveriesOf('told')).toHaveLength(1);
    await withTransaction(db, (tx) => moveStage(tx, move));
    await withTransaction(db, (tx) => moveStage(tx, move));
    expect((await deliveriesOf('told')).map(({ event }) => event)).toEqual([
      'version.validated',
      'version.registered',
    ]);
  });

  it('tells a drift when its breach is confirmed, and again only after it was gone', async () => {
    const ref = await registered('drifting', endpoint('shop', 'drift.detected'));
    const windows = ['ok', 'breach', 'breach', 'ok', 'breach'] as const;
    for (const [i, status] of windows.entries()) {
      const finding: Finding = {
        id: `pass-${String(i)}/scores`,
        monitor: 'scores',
        type: 'prediction-drift',
        version: 1,
        status,
        confirmed: status === 'breach',
        severity: 'warning',
        actions: [],
        value: 0.4,
        threshold: 0.2,
        reason: 'psi 0.4 > 0.2',
        windowStart: i,
        windowEnd: i + 1,
      };
      for (let twice = 0; twice < 2; twice += 1)
        await withTransaction(db, (tx) => insertFindings(tx, ref, `pass-${String(i)}`, [finding]));
    }
    const told = (await deliveriesOf('drifting')).map(({ event }) => event);
    expect(told).toEqual(['drift.detected', 'drift.detected']);
  });

  it('is written for nobody where the spec names nobody', async () => {
    await registered('untold');
    expect(await deliveriesOf('untold')).toEqual([]);
  });
});

describe('a delivery', () => {
  it('is signed anew each time, under one id and over the same bytes, until it is taken', async () => {
    await registered('retried', endpoint('shop'));
    const ref = await delivered('retried');
    status = 503;
    await expect(activities().sendWebhook(ref)).rejects.toMatchObject({ code: 'WEBHOOK_UNAVAILABLE' });
    status = 200;
    expect(await activities().sendWebhook(ref)).toEqual({ statusCode: 200 });
    expect(new Set(received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([ref.deliveryId]));
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    for (const { headers, body } of received) {
      const timestamp = String(headers['webhook-timestamp']);
      const expected = webhookSignature(SECRET, ref.deliveryId, timestamp, body);
      expect(headers['webhook-signature']).toBe(`v1,${expected}`);
    }
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      type: 'version.registered',
      data: { model: 'retried', version: 1, from: 'producing', to: 'candidate', actor: 'system:production' },
    });
    expect(await getWebhookDelivery(db, ref)).toMatchObject({ status: 'delivered', attempts: 2 });
    expect((await listWebhookAttempts(db, ref.deliveryId)).map(({ statusCode }) => statusCode)).toEqual([
      503, 200,
    ]);
  });

  it('that is refused ends in the log and in the audit trail, and in no incident', async () => {
    await registered('refused', endpoint('shop'));
    const ref = await delivered('refused');
    status = 404;
    const { code, message, retry } = await activities()
      .sendWebhook(ref)
      .then(
        () => Promise.reject(new Error('it was taken')),
        (error: { code: string; message: string; retry: string }) => error,
      );
    expect([code, retry]).toEqual(['WEBHOOK_REFUSED', 'never']);
    await activities().giveUpWebhook({ ...ref, code, reason: message });
    await activities().giveUpWebhook({ ...ref, code, reason: message });
    expect(await getWebhookDelivery(db, ref)).toMatchObject({
      status: 'failed',
      error: { code: 'WEBHOOK_REFUSED' },
      lastStatusCode: 404,
    });
    const actions = await auditActions(db, 'refused');
    expect(actions.filter((action) => action === 'webhook.given_up')).toHaveLength(1);
    expect(actions).not.toContain('incident.opened');
  });

  it('goes where the newest spec says, and nowhere once it names the endpoint no more', async () => {
    await registered('moved', endpoint('shop'));
    const ref = await delivered('moved');
    await applyModel(db, 'moved', {
      notifications: { webhooks: [{ name: 'shop', url: 'http://127.0.0.1:1/', secret: 'HOOK_SECRET' }] },
    });
    await expect(activities().sendWebhook(ref)).rejects.toMatchObject({ code: 'WEBHOOK_ADDRESS_REFUSED' });
    await applyModel(db, 'moved');
    await expect(activities().sendWebhook(ref)).rejects.toMatchObject({ code: 'WEBHOOK_ENDPOINT_GONE' });
    expect(received).toEqual([]);
  });

  it('waits for a variable that is missing, and never tells a value', async () => {
    await registered('unset', endpoint('shop'));
    const ref = await delivered('unset');
    secrets['HOOK_SECRET'] = undefined;
    await expect(activities().sendWebhook(ref)).rejects.toMatchObject({
      code: 'WEBHOOK_SECRET_MISSING',
      retry: 'later',
    });
    secrets['HOOK_SECRET'] = SECRET;
    secrets['HOOK_URL'] = 'not an address, but secret';
    await expect(activities().sendWebhook(ref)).rejects.toMatchObject({ code: 'WEBHOOK_ADDRESS_REFUSED' });
    const log = JSON.stringify(await listWebhookAttempts(db, ref.deliveryId));
    expect(log).toContain('HOOK_SECRET');
    expect(log).not.toContain('but secret');
  });
});
