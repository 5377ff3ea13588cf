import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADA, get, MODEL, post, servingWorld, startGateway, until } from './serving-fixture.ts';
import type { ServingWorld } from './serving-fixture.ts';

const PAGE = readFileSync(new URL('../../../docs/serving.md', import.meta.url), 'utf8');
const EXCHANGE =
  /```http\n(?<method>GET|POST) (?<path>\S+)\n(?<body>[^`]*)```\n\nanswers `(?<status>\d+)`[^`]*(?:`[^`]*`[^`]*)?```json\n(?<answer>[^`]*)```/g;

let world: ServingWorld;
let gateway: Awaited<ReturnType<typeof startGateway>>;

beforeAll(async () => {
  world = await servingWorld();
  gateway = await startGateway(world);
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
  await until(
    'the route',
    async () => (await get(gateway.url, '/v1/routes')).body.routes[0]?.loaded.length,
    (loaded) => loaded === 1,
  );
});
afterAll(async () => {
  await gateway?.stop();
  await world?.close();
});

describe('docs/serving.md', () => {
  const exchanges = [...PAGE.matchAll(EXCHANGE)].map((match) => match.groups as Record<string, string>);

  it('shows each request with its answer', () => {
    expect(exchanges).toHaveLength(PAGE.match(/```http/g)?.length ?? 0);
    expect(exchanges.length).toBeGreaterThan(5);
  });

  it.each(exchanges.map((one) => [`${one['method'] ?? ''} ${one['path'] ?? ''}`, one] as const))(
    'tells the truth of %s',
    async (_, { method, path = '', body = '', status, answer = '' }) => {
      const real = method === 'GET' ? await get(gateway.url, path) : await post(gateway.url, path, body);
      expect(real).toEqual({ status: Number(status), body: JSON.parse(answer) as unknown });
    },
  );

  it.each([
    [
      'candidates',
      `/v1/models/${MODEL}/rank`,
      { requestId: 'r', entity: {}, candidates: Array(10_001).fill({}) },
    ],
    ['k', `/v1/models/${MODEL}/rank`, { requestId: 'r', entity: {}, candidates: [{}], k: 1001 }],
    ['requestId', `/v1/models/${MODEL}/rank`, { requestId: 'r'.repeat(129), entity: {}, candidates: [{}] }],
    ['events', '/v1/feedback', { events: Array(1001).fill({}) }],
  ])('tells the limit of %s', async (field, path, body) => {
    const answer = await post(gateway.url, path, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'INPUT_INVALID' } });
    expect(answer.body).toMatchObject({ error: expect.stringContaining(field) as string });
  });

  it.each([
    ['infer', 32, `/v2/models/${MODEL}/infer`],
    ['rank', 4, `/v1/models/${MODEL}/rank`],
    ['feedback', 1, '/v1/feedback'],
  ])('tells the limit of the body of %s', async (_call, mebibytes, path) => {
    expect(PAGE).toContain('| body of `infer`, `rank`, `feedback` | 32, 4, 1 MiB;');
    const within = await post(gateway.url, path, ' '.repeat(mebibytes * 2 ** 20));
    expect(within.status).toBe(400);
    const beyond = await post(gateway.url, path, ' '.repeat(mebibytes * 2 ** 20 + 1));
    expect(beyond).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
  });

  it('names every code that a caller can get', async () => {
    const told = [...PAGE.matchAll(/^\| \d{3} \| `(\w+)` \|/gm)].map((match) => match[1]);
    for (const [path, body] of [
      ['/v1/nothing', {}],
      [
        `/v1/models/${MODEL}/rank`,
        { requestId: 'r', entity: { customer_id: 'nobody' }, candidates: [{ plant_id: 1 }] },
      ],
      [`/v2/models/${MODEL}/infer`, { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: ['a'] }] }],
    ] as const)
      expect(told).toContain(
        ((await post(gateway.url, path, body)).body as unknown as { code: string }).code,
      );
  });
});
