import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openLink } from '../../../examples/plantly/chaos/link.ts';
import type { Link } from '../../../examples/plantly/chaos/link.ts';
import { openDatabase, withTransaction } from '../../../src/registry/database.ts';
import { gatewayObedience } from '../../../src/registry/gateways.ts';
import { applySpec } from '../../../src/registry/specs.ts';
import {
  ADA,
  get,
  MODEL,
  openGateway,
  rankBody,
  servingWorld,
  SIGNATURE,
  SPEC,
  serveAll,
  startGateway,
  until,
  verdict,
} from './serving-fixture.ts';
import type { ServingWorld } from './serving-fixture.ts';

const FERNS = 'ferns';
const NOT_YET = { status: 503, code: 'NOT_SERVED_YET', retryAfter: '1' };
const NEVER = { status: 404, code: 'NOT_SERVED', retryAfter: null };
const ANSWERED = { status: 200, code: undefined, retryAfter: null };

let world: ServingWorld;
let link: Link;
let ferns: number;
let asked = 0;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  world = await servingWorld();
  const { hostname, port } = new URL(world.databaseUrl);
  link = await openLink('postgres', hostname, Number(port));
  await applyModel(FERNS);
  await setRoute('plants', await world.addVersion('linear', { stage: 'champion' }));
  ferns = await world.addVersion('tolerant', { stage: 'champion', model: FERNS });
  await setRoute('ferns', ferns, FERNS);
});
afterEach(async () => {
  link.mend();
  for (const stop of stops.splice(0)) await stop();
});
afterAll(async () => {
  link?.close();
  await world?.close();
});

const applyModel = (name: string) =>
  withTransaction(world.db, (tx) =>
    applySpec(tx, { environment: world.environment, spec: { ...SPEC, name }, bundle: null, actor: ADA }),
  );
const setRoute = (key: string, version: number, model = MODEL) => serveAll(world, key, version, model);

const rank = (url: string, model = MODEL) =>
  verdict(url, `/v1/models/${model}/rank`, rankBody(`start-${asked++}`));
const untilServed = (gateway: { readonly url: string }, model = MODEL) =>
  until(
    `an answer of ${model}`,
    () => rank(gateway.url, model),
    ({ status }) => status === 200,
  );
/** PostgreSQL may take its time on a busy machine, and connections that were cut come anew: until then it is "come again". */
const expectNever = async (ask: () => ReturnType<typeof rank>) =>
  expect(await until('a last word', ask, ({ code }) => code !== NOT_YET.code)).toEqual(NEVER);
const infer = (url: string, path: string) =>
  verdict(url, `/v2/models/${path}/infer`, {
    inputs: [{ name: 'features', shape: [1, 3], datatype: 'FP32', data: [1, 1, 1] }],
  });

/** A store whose file of ferns does not come before it is told to. */
async function slowStore() {
  const { rows } = await world.db.query<{ artifact: string }>(
    'SELECT artifact FROM versions WHERE version = $1',
    [ferns],
  );
  let come: () => void = () => undefined;
  const coming = new Promise<void>((resolve) => (come = resolve));
  let ask: () => void = () => undefined;
  const asks = new Promise<void>((resolve) => (ask = resolve));
  const store: ServingWorld['store'] = {
    ...world.store,
    async fetchFile(digest) {
      if (digest === rows[0]?.artifact) {
        ask();
        await coming;
      }
      return world.store.fetchFile(digest);
    },
  };
  stops.unshift(async () => come());
  return { store, come, asks };
}

/** A folder whose gateway served both models; the files of their versions are gone. */
async function lastRun(id: string): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'last-run-'));
  const before = await startGateway(world, { id, dataDir });
  await before.stop();
  const folder = join(dataDir, 'gateways', id, 'models');
  for (const file of readdirSync(folder)) rmSync(join(folder, file));
  return dataDir;
}

it('says come again, and of no model that it is unknown, until PostgreSQL has told the routes', async () => {
  link.cut();
  const url = new URL(world.databaseUrl);
  url.host = link.address;
  const db = openDatabase(url.href, () => undefined);
  const gateway = await startGateway(world, { id: 'untold', db });
  stops.push(
    () => gateway.stop(),
    () => db.end(),
  );
  expect(await rank(gateway.url)).toEqual(NOT_YET);
  expect(await rank(gateway.url, 'nothing')).toEqual(NOT_YET);
  expect(await infer(gateway.url, `${MODEL}/versions/1`)).toEqual(NOT_YET);
  expect(await verdict(gateway.url, `/v2/models/${MODEL}`)).toEqual(NOT_YET);
  expect(await verdict(gateway.url, `/v2/models/${MODEL}/ready`)).toEqual(NOT_YET);
  expect((await get(gateway.url, '/healthz')).status).toBe(503);
  link.mend();
  await until(
    'an answer',
    () => rank(gateway.url),
    ({ status }) => status === 200,
  );
  await expectNever(() => rank(gateway.url, 'nothing'));
  await expectNever(() => infer(gateway.url, `${MODEL}/versions/99`));
});

it('answers for the models of its last run as they come back, and is ready when all have', async () => {
  const dataDir = await lastRun('recalling');
  const { store, come, asks } = await slowStore();
  const gateway = await openGateway(world, { id: 'recalling', dataDir, store });
  stops.push(() => gateway.stop());
  const starting = gateway.start();
  await asks;
  await untilServed(gateway);
  expect(await rank(gateway.url, FERNS)).toEqual(NOT_YET);
  expect(await infer(gateway.url, `${FERNS}/versions/${ferns}`)).toEqual(NOT_YET);
  expect(await rank(gateway.url, 'nothing')).toEqual(NOT_YET);
  expect((await get(gateway.url, '/healthz')).status).toBe(503);
  come();
  await starting;
  expect(await rank(gateway.url, FERNS)).toEqual(ANSWERED);
  expect((await get(gateway.url, '/healthz')).status).toBe(200);
});

it('says come again of a model whose first route is being taken up, and never again of one that it refuses', async () => {
  const { store, come, asks } = await slowStore();
  const gateway = await openGateway(world, { id: 'taking-up', store });
  stops.push(() => gateway.stop());
  const starting = gateway.start();
  await asks;
  await untilServed(gateway);
  expect(await rank(gateway.url, FERNS)).toEqual(NOT_YET);
  await expectNever(() => rank(gateway.url, 'nothing'));
  come();
  await starting;
  expect(await rank(gateway.url, FERNS)).toEqual(ANSWERED);

  const MOSS = 'moss';
  await applyModel(MOSS);
  const inputs = SIGNATURE.inputs.map((input) => ({ ...input, shape: [-1, 7] }));
  const unfit = await world.addVersion('linear', {
    stage: 'champion',
    model: MOSS,
    signature: { ...SIGNATURE, inputs },
  });
  const { generation } = await setRoute('moss', unfit, MOSS);
  await until(
    'the refusal',
    () => gatewayObedience(world.db, { model: MOSS, environment: world.environment }),
    (found) => found.some((one) => one.gatewayId === 'taking-up' && one.error !== null),
  );
  expect(generation).toBe(1);
  await expectNever(() => rank(gateway.url, MOSS));
});

it('says never again only of what PostgreSQL, asked just now, has no newer route of', async () => {
  const IVY = 'ivy';
  const url = new URL(world.databaseUrl);
  url.host = link.address;
  const db = openDatabase(url.href, () => undefined);
  const gateway = await startGateway(world, { id: 'unaware', db, settings: { rereadMs: 3_600_000 } });
  stops.push(
    () => gateway.stop(),
    () => db.end(),
  );
  await expectNever(() => rank(gateway.url, IVY));

  await applyModel(IVY);
  const first = await world.addVersion('tolerant', { stage: 'champion', model: IVY });
  const second = await world.addVersion('tolerant', { model: IVY });
  // No notification comes with it, as with a gateway that was held up when it came.
  const routeUnheard = (generation: number, version: number) =>
    world.db.query(
      `INSERT INTO routes (model, environment, generation, key, weights, champion, reason, actor)
       VALUES ($1, $2, $3::int, $3::text, $4, $5, 'test', 'ada')`,
      [IVY, world.environment, generation, JSON.stringify([{ version, weight: 100 }]), first],
    );
  await routeUnheard(1, first);
  expect(await rank(gateway.url, IVY)).toEqual(NOT_YET);
  await untilServed(gateway, IVY);
  await expectNever(() => infer(gateway.url, `${IVY}/versions/${second}`));
  await routeUnheard(2, second);
  expect(await infer(gateway.url, `${IVY}/versions/${second}`)).toEqual(NOT_YET);
  await until(
    'the second version',
    () => infer(gateway.url, `${IVY}/versions/${second}`),
    ({ status }) => status === 200,
  );

  await expectNever(() => rank(gateway.url, 'nothing'));
  await expectNever(() => rank(gateway.url, 'no%00thing'));
  link.cut();
  expect(await rank(gateway.url, 'nothing')).toEqual(NOT_YET);
  expect(await rank(gateway.url, IVY)).toEqual(ANSWERED);
});

it('takes up nothing and registers nowhere when it is stopped while it starts', async () => {
  const dataDir = await lastRun('short');
  const { store, come, asks } = await slowStore();
  const gateway = await openGateway(world, { id: 'short', dataDir, store });
  const starting = gateway.start();
  await asks;
  await gateway.stop();
  come();
  await starting;
  const { rowCount } = await world.db.query(`SELECT 1 FROM gateways WHERE gateway_id = 'short'`);
  expect(rowCount).toBe(0);
});

it('answers the requests under way when it stops, and tells those that come later to ask elsewhere', async () => {
  const gateway = await startGateway(world, { id: 'ending' });
  const { hostname, port } = new URL(gateway.url);
  const body = JSON.stringify(rankBody('under-way'));
  const head = `POST /v1/models/${MODEL}/rank HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: ${String(body.length)}\r\n`;
  const open = async (): Promise<Socket> => {
    const socket = connect(Number(port), hostname);
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  };
  // One has sent its head and half of its body, the other the half of its head.
  const early = await open();
  const late = await open();
  const health = await open();
  const connections = () =>
    new Promise<number>((resolve) => gateway.app.server.getConnections((_, count) => resolve(count)));
  await until('both connections', connections, (count) => count >= 3);
  early.write(`${head}\r\n${body.slice(0, 10)}`);
  late.write(head.slice(0, 30));
  health.write('GET /healthz HTTP/1.1\r\n');
  // What was sent before has been read when this is answered.
  expect(await rank(gateway.url)).toEqual(ANSWERED);
  const stopping = gateway.stop();
  early.end(body.slice(10));
  late.end(`${head.slice(30)}\r\n${body}`);
  health.end('Host: gateway\r\n\r\n');
  expect(await text(early)).toMatch(/^HTTP\/1\.1 200 /);
  const refused = await text(late);
  expect(refused).toMatch(/^HTTP\/1\.1 503 /);
  expect(refused.toLowerCase()).toContain('\r\nretry-after: 1\r\n');
  expect(refused.toLowerCase()).toContain('\r\nconnection: close\r\n');
  expect(refused).toContain('"code":"GATEWAY_STOPPING"');
  const unready = await text(health);
  expect(unready).toMatch(/^HTTP\/1\.1 503 /);
  expect(unready).toContain('{"ok":false');
  await stopping;
  await expect(rank(gateway.url)).rejects.toThrow();
});
