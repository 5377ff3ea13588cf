/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-assignment -- answers are looked into as JSON */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildServer } from '../../../src/api/server.ts';
import { carryOutAll } from '../../../src/api/spec-application.ts';
import { lifecycleId, retrainScheduleId } from '../../../src/contracts/workflows/ids.ts';
import { openLink } from '../../../examples/plantly/chaos/link.ts';
import { openDatabase } from '../../../src/registry/database.ts';
import { chooseFreePort } from '../../../src/embedded/ports.ts';
import { applyModel, auditActions, ENVIRONMENT, specInput } from '../registry/registry-fixture.ts';
import { ApiWorld } from './api-fixture.ts';

/** Far more than an answer takes on a machine busy with much else, so that only a silent network exceeds it. */
const ANSWER_WITHIN_MS = 5_000;

let world: ApiWorld;
let ada: string;
beforeAll(async () => {
  world = await ApiWorld.open();
  ada = await world.tokenFor('ada', 'data-scientist');
});
afterAll(() => world.close());

const retraining = { schedule: { every: '12h' } } as const;
describe('without a worker', () => {
  it('applies a spec: the lifecycle is started and waits', async () => {
    const applied = await world.call(ada, 'POST', '/v1/models', { spec: specInput('early', { retraining }) });
    expect(applied.body).toMatchObject({ revision: 1, changed: true });
    const id = lifecycleId({ model: 'early', environment: ENVIRONMENT });
    expect((await world.client.workflow.getHandle(id).describe()).status.name).toBe('RUNNING');
  });

  it('tells what the registry knows, and that the rest does not answer', async () => {
    const { body, status } = await world.call(ada, 'GET', '/v1/models/early');
    expect(status).toBe(200);
    expect(body).toMatchObject({ model: 'early', specRevision: 1, live: null });
    expect(body.liveProblem).toEqual(expect.any(String));
  });

  it('carries out at its start what an earlier process left half told', async () => {
    const ref = await applyModel(world.db, 'half', { retraining });
    const failures: unknown[] = [];
    await carryOutAll(world.deps(), (_ref, error) => failures.push(error));
    expect(failures).toEqual([]);
    expect((await world.client.workflow.getHandle(lifecycleId(ref)).describe()).status.name).toBe('RUNNING');
    expect((await world.client.schedule.getHandle(retrainScheduleId(ref)).describe()).state.paused).toBe(
      false,
    );
  });
});

describe('without PostgreSQL', () => {
  it('answers 503 and says what is away, and when to come again', async () => {
    const url = `postgres://nobody:secret@127.0.0.1:${String(await chooseFreePort(new Set()))}/none`;
    const db = openDatabase(url, () => undefined);
    const app = await buildServer(world.deps({ db }), pino({ level: 'silent' }));
    const answer = await app.inject({
      url: '/v1/models',
      headers: { authorization: `Bearer ${ada}` },
    });
    expect(answer.statusCode).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.json()).toMatchObject({ error: { code: 'DEPENDENCY_UNAVAILABLE' } });
    expect(answer.body).not.toContain('secret');
    const ready = await app.inject({ url: '/readyz' });
    expect(ready.json()).toMatchObject({ error: { problems: [{ path: 'postgres' }] } });
    await app.close();
    await db.end();
  });
});

describe('when the way to PostgreSQL', () => {
  it.each(['is cut', 'falls silent'] as const)('%s, answers 503, and soon answers again', async (how) => {
    const target = new URL(world.db.options.connectionString ?? '');
    const link = await openLink('postgres', target.hostname, Number(target.port));
    target.host = link.address;
    const db = openDatabase(target.href, () => undefined, { poolSize: 1, answerWithinMs: ANSWER_WITHIN_MS });
    const app = await buildServer(world.deps({ db }), pino({ level: 'silent' }));
    const ask = () => app.inject({ url: '/v1/models', headers: { authorization: `Bearer ${ada}` } });
    expect((await ask()).statusCode).toBe(200);
    if (how === 'is cut') link.cut();
    else link.strand();
    const answer = await ask();
    expect([answer.statusCode, answer.json().error.code]).toEqual([503, 'DEPENDENCY_UNAVAILABLE']);
    link.mend();
    expect((await ask()).statusCode).toBe(200);
    await app.close();
    await db.end();
    link.close();
  });
});

describe('without Temporal', () => {
  it('answers commands with 503, changes nothing, and keeps telling what the registry knows', async () => {
    await world.temporal.stop();
    const before = await auditActions(world.db, 'early');
    const trigger = world.call(ada, 'POST', '/v1/models/early/trigger', {
      reason: 'try',
      idempotencyKey: 'k',
    });
    const [answer, ready, status] = await Promise.all([
      trigger,
      world.call(null, 'GET', '/readyz'),
      world.call(ada, 'GET', '/v1/models/early'),
    ]);
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'DEPENDENCY_UNAVAILABLE' } } });
    expect(ready).toMatchObject({ status: 503, body: { error: { problems: [{ path: 'temporal' }] } } });
    expect(status).toMatchObject({ status: 200, body: { live: null } });
    expect((await world.call(null, 'GET', '/healthz')).status).toBe(200);
    expect(await auditActions(world.db, 'early')).toEqual(before);
  });
});

describe('while the server stops', () => {
  it('answers what comes on a connection that was open, and closes it', async () => {
    const app = await buildServer(world.deps(), pino({ level: 'silent' }));
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const port = Number(new URL(url).port);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /v1/models HTTP/1.1\r\nHost: api\r\n');
    // What was written before has been read when this is answered.
    const asked = { headers: { authorization: `Bearer ${ada}` } };
    expect((await fetch(`${url}/v1/models`, asked)).status).toBe(200);
    const closed = app.close();
    socket.write(`Authorization: Bearer ${ada}\r\n\r\n`);
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n');
    await closed;
  });
});
