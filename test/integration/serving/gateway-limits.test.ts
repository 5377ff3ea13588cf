import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { GatewaySettings } from '../../../src/serving/gateway.ts';
import { ADA, get, MODEL, post, rankBody, servingWorld, startGateway, until } from './serving-fixture.ts';
import type { ServingWorld } from './serving-fixture.ts';

const RANK = `/v1/models/${MODEL}/rank`;
const INFER = `/v2/models/${MODEL}/infer`;
const FEEDBACK = '/v1/feedback';
const MIB = 2 ** 20;
const MAX_ANSWER_BYTES = 20_000;
const FEW_CONNECTIONS = 50;

type Started = Awaited<ReturnType<typeof startGateway>>;
let world: ServingWorld;
/** As in production. */
let gateway: Started;
/** Waits for nobody, yet for long enough that a machine busy with much else gets its own requests through. */
let impatient: Started;
let small: Started;
let asked = 0;
const sockets: Socket[] = [];

async function gatewayWith(id: string, settings: Partial<GatewaySettings> = {}): Promise<Started> {
  const started = await startGateway(world, { id, settings });
  await until(
    'the route',
    async () => (await get(started.url, '/v1/routes')).body.routes[0]?.generation,
    (seen) => seen === 1,
  );
  return started;
}

beforeAll(async () => {
  world = await servingWorld();
  const version = await world.addVersion('linear', { stage: 'champion' });
  await world.activities.setRoute({
    model: MODEL,
    environment: world.environment,
    key: 'first',
    weights: [{ version, weight: 100 }],
    shadow: [],
    reason: 'test',
    actor: ADA,
  });
  gateway = await gatewayWith('patient');
  impatient = await gatewayWith('impatient', { headersTimeoutMs: 5000, requestTimeoutMs: 6000 });
  small = await gatewayWith('small', { maxConnections: FEW_CONNECTIONS });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(async () => {
  await Promise.all([gateway, impatient, small].map((one) => one?.stop()));
  await world?.close();
});

/** Others are served, whatever the last one did. */
async function expectServing(by: Started = gateway): Promise<void> {
  const answer = await post(by.url, RANK, rankBody(`still-${String(asked++)}`));
  expect(answer).toMatchObject({ status: 200, body: { items: { length: 3 } } });
}

async function send(path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const answer = await response.text();
  expect(answer.length).toBeLessThan(MAX_ANSWER_BYTES);
  return { status: response.status, code: (JSON.parse(answer) as { code?: string }).code ?? 'OK', answer };
}

async function open(to: Started = gateway): Promise<Socket> {
  const { port, hostname } = new URL(to.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  sockets.push(socket);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

const head = (path: string, length: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: ${String(length)}\r\n`;

const rank = (more: object): string => JSON.stringify(rankBody(`limits-${String(asked++)}`, more));
const tensor = (parts: object) => ({
  name: 'features',
  shape: [1, 3],
  datatype: 'FP32',
  data: [1, 2, 3],
  ...parts,
});
const infer = (parts: object): string => JSON.stringify({ inputs: [tensor(parts)] });
/** As infer, with data that JSON.stringify would not write. */
const inferText = (data: string, datatype = 'FP32'): string =>
  `{"inputs":[{"name":"features","shape":[1,3],"datatype":"${datatype}","data":${data}}]}`;
const event = { requestId: 'r', eventId: 'e', name: 'bought', value: 1, at: '2026-01-01T00:00:00Z' };
const feedback = (more: object): string => JSON.stringify({ events: [{ ...event, ...more }] });
const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

describe('a request is refused with one code, in a short answer,', () => {
  const cases: [string, string, () => string, number, string][] = [
    // Size
    ['a rank of more than 4 MiB', RANK, () => rank({ splitKey: 'x'.repeat(4 * MIB) }), 413, 'BODY_TOO_LARGE'],
    ['an infer of more than 32 MiB', INFER, () => `"${'x'.repeat(32 * MIB)}"`, 413, 'BODY_TOO_LARGE'],
    [
      'feedback of more than 1 MiB',
      FEEDBACK,
      () => feedback({ name: 'x'.repeat(MIB) }),
      413,
      'BODY_TOO_LARGE',
    ],
    [
      'too many candidates',
      RANK,
      () => rank({ candidates: many(10_001, { plant_id: 1 }) }),
      400,
      'INPUT_INVALID',
    ],
    ['too many wrong candidates', RANK, () => rank({ candidates: many(10_000, 'x') }), 400, 'INPUT_INVALID'],
    ['too many events', FEEDBACK, () => JSON.stringify({ events: many(1001, event) }), 400, 'INPUT_INVALID'],
    ['more than it is asked to answer', RANK, () => rank({ k: 1001 }), 400, 'INPUT_INVALID'],
    [
      'too many tensors',
      INFER,
      () => JSON.stringify({ inputs: many(1025, tensor({})) }),
      400,
      'INPUT_INVALID',
    ],
    [
      'a thousand wrong tensors',
      INFER,
      () => JSON.stringify({ inputs: many(1024, tensor({ name: 'n'.repeat(256) })) }),
      400,
      'SIGNATURE_MISMATCH',
    ],
    ['too many dimensions', INFER, () => infer({ shape: many(9, 1) }), 400, 'INPUT_INVALID'],
    ['a long id', RANK, () => rank({ requestId: 'r'.repeat(129) }), 400, 'INPUT_INVALID'],
    ['a long key', RANK, () => rank({ entity: { customer_id: 'c'.repeat(1025) } }), 400, 'INPUT_INVALID'],
    [
      'very many keys',
      RANK,
      () => rank({ entity: Object.fromEntries(many(50_000, 0).map((_, i) => [`k${String(i)}`, i])) }),
      400,
      'RANK_NOT_CONFIGURED',
    ],
    // Form
    [
      'JSON nested 33 deep',
      INFER,
      () => inferText(`${'['.repeat(31)}${']'.repeat(31)}`),
      400,
      'INPUT_INVALID',
    ],
    ['JSON nested millions deep', INFER, () => '['.repeat(30 * MIB), 400, 'INPUT_INVALID'],
    ['objects nested millions deep', INFER, () => '{"":'.repeat(7 * MIB), 400, 'INPUT_INVALID'],
    ['millions of arrays', INFER, () => inferText(`[${'[],'.repeat(10 * MIB)}[]]`), 400, 'INPUT_INVALID'],
    ['no JSON', RANK, () => '{', 400, 'INPUT_INVALID'],
    ['nothing', RANK, () => '', 400, 'INPUT_INVALID'],
    ['a list', RANK, () => '[]', 400, 'INPUT_INVALID'],
    ['a prototype', RANK, () => '{"__proto__":{"a":1}}', 400, 'INPUT_INVALID'],
    ['keys in a list', RANK, () => rank({ entity: ['c1'] }), 400, 'INPUT_INVALID'],
    [
      'a key that is an object',
      RANK,
      () => rank({ entity: { customer_id: { $gt: '' } } }),
      400,
      'INPUT_INVALID',
    ],
    ['a NUL in a key', RANK, () => rank({ entity: { customer_id: 'c\0' } }), 400, 'INPUT_INVALID'],
    [
      'half a character in a key',
      RANK,
      () => rank({ entity: { customer_id: 'c\ud800' } }),
      400,
      'INPUT_INVALID',
    ],
    [
      'half a character in the name of a key',
      RANK,
      () => rank({ entity: { 'c\udc00': 'c1' } }),
      400,
      'INPUT_INVALID',
    ],
    ['half a character in a split key', RANK, () => rank({ splitKey: '\ud83c' }), 400, 'INPUT_INVALID'],
    [
      'half a character in an outcome',
      FEEDBACK,
      () => feedback({ name: 'bought\ud800' }),
      400,
      'INPUT_INVALID',
    ],
    ['a NUL in an outcome', FEEDBACK, () => feedback({ eventId: 'e\0' }), 400, 'INPUT_INVALID'],
    [
      'half a character in an id',
      INFER,
      () => JSON.stringify({ id: 'i\ud800', inputs: [tensor({})] }),
      400,
      'INPUT_INVALID',
    ],
    [
      'a NUL in an id',
      INFER,
      () => JSON.stringify({ id: 'i\0', inputs: [tensor({})] }),
      400,
      'INPUT_INVALID',
    ],
    [
      'an entity by its prototype',
      RANK,
      () => rank({ entity: { constructor: 'c1' } }),
      400,
      'RANK_NOT_CONFIGURED',
    ],
    ['a date that is none', FEEDBACK, () => feedback({ at: '2026-02-30T00:00:00Z' }), 400, 'INPUT_INVALID'],
    // Numbers
    [
      'a key beyond all numbers',
      RANK,
      () => rank({}).replace('"plant_id":1', '"plant_id":1e400'),
      400,
      'INPUT_INVALID',
    ],
    ['k as a fraction', RANK, () => rank({ k: 1.5 }), 400, 'INPUT_INVALID'],
    [
      'an outcome beyond all numbers',
      FEEDBACK,
      () => feedback({}).replace('"value":1', '"value":1e400'),
      400,
      'INPUT_INVALID',
    ],
    ['an outcome as a text', FEEDBACK, () => feedback({ value: 'NaN' }), 400, 'INPUT_INVALID'],
    ['NaN', INFER, () => inferText('[NaN,1,2]'), 400, 'INPUT_INVALID'],
    ['NaN as a text', INFER, () => inferText('["NaN",1,2]'), 400, 'SIGNATURE_MISMATCH'],
    ['infinity as a text', INFER, () => inferText('["-Infinity",1,2]'), 400, 'SIGNATURE_MISMATCH'],
    ['a number beyond all types', INFER, () => inferText('[1e400,1,2]'), 400, 'SIGNATURE_MISMATCH'],
    ['a number beyond its type', INFER, () => inferText('[1e39,1,2]'), 400, 'SIGNATURE_MISMATCH'],
    [
      'an integer beyond its type',
      INFER,
      () => inferText('[2147483648,1,2]', 'INT32'),
      400,
      'SIGNATURE_MISMATCH',
    ],
    [
      'an integer that is not exact',
      INFER,
      () => inferText('[9007199254740993,1,2]', 'INT64'),
      400,
      'SIGNATURE_MISMATCH',
    ],
    [
      'a very long text for a number',
      INFER,
      () => infer({ data: ['9'.repeat(10 * MIB), 1, 2] }),
      400,
      'SIGNATURE_MISMATCH',
    ],
    // Tensors
    ['another type', INFER, () => infer({ datatype: 'INT64' }), 400, 'SIGNATURE_MISMATCH'],
    ['an unknown type', INFER, () => infer({ datatype: 'FP16' }), 400, 'INPUT_INVALID'],
    ['another shape', INFER, () => infer({ shape: [3, 1] }), 400, 'SIGNATURE_MISMATCH'],
    ['a negative dimension', INFER, () => infer({ shape: [-1, 3] }), 400, 'INPUT_INVALID'],
    ['a fractional dimension', INFER, () => infer({ shape: [0.5, 6] }), 400, 'INPUT_INVALID'],
    ['a shape of more values than came', INFER, () => infer({ shape: [2, 3] }), 400, 'SIGNATURE_MISMATCH'],
    [
      'a shape of as many rows as there are numbers',
      INFER,
      () => infer({ shape: [2 ** 53 - 1, 3] }),
      400,
      'SIGNATURE_MISMATCH',
    ],
    [
      'data nested deeper than its shape',
      INFER,
      () => infer({ data: [[[[1, 2, 3]]]] }),
      400,
      'SIGNATURE_MISMATCH',
    ],
    ['no row', INFER, () => infer({ shape: [0, 3], data: [] }), 400, 'INPUT_INVALID'],
    [
      'an output that it has not',
      INFER,
      () => JSON.stringify({ inputs: [tensor({})], outputs: many(1000, { name: 'n'.repeat(256) }) }),
      400,
      'SIGNATURE_MISMATCH',
    ],
  ];
  it.each(cases)('%s', async (_what, path, body, status, code) => {
    expect(await send(path, body())).toMatchObject({ status, code });
    await expectServing();
  });

  it('what is not said to be JSON', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml'])
      expect(await send(RANK, rank({}), { 'content-type': type })).toMatchObject({
        status: 415,
        code: 'MEDIA_TYPE_UNSUPPORTED',
      });
  });

  it('an address that is malformed, or very long', async () => {
    expect(await send('/v1/models/%E0%A4%A/rank', '{}')).toMatchObject({
      status: 400,
      code: 'REQUEST_INVALID',
    });
    expect(await send(`/v1/models/${'x'.repeat(10_000)}/rank`, '{}')).toMatchObject({
      status: 414,
      code: 'REQUEST_INVALID',
    });
  });
});

describe('the gateway goes on serving others', () => {
  const answerOf = async (socket: Socket): Promise<string> => text(socket);

  it('while headers come a letter at a time, and ends them', async () => {
    const slow = await open(impatient);
    const trickle = setInterval(() => slow.write('X'), 200);
    slow.write('GET /v2 HTTP/1.1\r\nX-Slow: ');
    await expectServing(impatient);
    const answer = await answerOf(slow);
    clearInterval(trickle);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"REQUEST_INVALID"');
    await expectServing(impatient);
  });

  it('while a body comes a letter at a time, and ends it', async () => {
    const slow = await open(impatient);
    slow.write(`${head(RANK, 1_000_000)}\r\n`);
    const trickle = setInterval(() => slow.write('x'), 200);
    await expectServing(impatient);
    const answer = await answerOf(slow);
    clearInterval(trickle);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    await expectServing(impatient);
  });

  it('while connections say nothing, and ends them', async () => {
    const silent = await Promise.all(many(50, 0).map(() => open(impatient)));
    const ended = silent.map((socket) => answerOf(socket));
    await expectServing(impatient);
    for (const answer of await Promise.all(ended)) expect(answer).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  it('to whom it has room for, when more connections come than it takes', async () => {
    const first = await Promise.all(many(FEW_CONNECTIONS, 0).map(() => open(small)));
    const beyond = await Promise.all(many(30, 0).map(() => open(small)));
    expect(await Promise.all(beyond.map((socket) => answerOf(socket)))).toEqual(many(30, ''));
    const [inside, ...others] = first;
    inside?.write('GET /v2/health/live HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n');
    expect(await answerOf(inside as Socket)).toMatch(/^HTTP\/1\.1 200 /);
    for (const socket of others) socket.destroy();
    const served = () =>
      get(small.url, '/v2/health/live').then(
        ({ status }) => status,
        () => 0,
      );
    await until('a place', served, (status) => status === 200);
  });

  it('when bodies of 256 MiB are under way, without those that would be more', async () => {
    const large = await Promise.all(many(8, 0).map(() => open()));
    for (const socket of large) socket.write(`${head(INFER, 32 * MIB)}\r\n`);
    const oneMore = async (): Promise<string> => {
      const socket = await open();
      socket.write(`${head(INFER, 32 * MIB)}\r\n`);
      // Without a refusal it waits for the body.
      const answer = await Promise.race([answerOf(socket), sleep(2000, '')]);
      socket.destroy();
      return answer;
    };
    await until('the refusal', oneMore, (answer) => answer.includes('"code":"GATEWAY_BUSY"'));
    // What has no body is answered: health, above all.
    expect((await get(gateway.url, '/v2/health/ready')).status).toBe(200);
    for (const socket of large) socket.destroy();
    await until(
      'the room that they left',
      () => send(RANK, rank({})),
      ({ status }) => status === 200,
    );
  });

  it.each([
    ['a rank of 5 MiB', RANK, 5 * MIB],
    ['an infer of 300 MiB', INFER, 300 * MIB],
  ])('and says of %s that it is too large, not that it may come again', async (_call, path, bytes) => {
    const socket = await open();
    socket.write(`${head(path, bytes)}\r\n`);
    const answer = await answerOf(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"BODY_TOO_LARGE"');
    await expectServing();
  });

  it('when a thousand requests are under way, without one more', async () => {
    const begin = async (): Promise<Socket> => {
      const socket = await open();
      socket.write(`${head(RANK, 100)}\r\n`);
      return socket;
    };
    const waiting = await Promise.all(many(1000, 0).map(begin));
    const refused = await until(
      'the refusal',
      async () => ({
        lost: waiting.filter(({ destroyed }) => destroyed).length,
        ...(await send(RANK, rank({}))),
      }),
      ({ status }) => status === 503,
    );
    expect(refused.code).toBe('GATEWAY_BUSY');
    for (const socket of waiting) socket.destroy();
    await until(
      'the room that they left',
      () => send(RANK, rank({})),
      ({ status }) => status === 200,
    );
  });

  it('after what is not HTTP', async () => {
    const socket = await open();
    socket.write('\u0016\u0003\u0001\u0002\u0000\u0001hello\r\n\r\n');
    const answer = await answerOf(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"REQUEST_INVALID"');
    await expectServing();
  });
});
