import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lifecycleId } from '../../../src/contracts/workflows/ids.ts';
import { lifecycleStateQuery } from '../../../src/contracts/workflows/lifecycle.ts';
import { ENVIRONMENT, specInput } from '../registry/registry-fixture.ts';
import { ApiWorld, WEBHOOK_SECRET } from './api-fixture.ts';
import { accountOf } from './storm-account.ts';
import { sendAll } from './webhook-sender.ts';

const WEBHOOKS = 500;
const CONNECTIONS = 50;
const model = 'stormed';

let world: ApiWorld;
let endTraining: () => void;
beforeAll(async () => {
  world = await ApiWorld.open();
  world.script.training = new Promise((resolve) => (endTraining = resolve));
  await world.startWorkers();
  const ada = await world.tokenFor('ada', 'data-scientist');
  await world.call(ada, 'POST', '/v1/models', { spec: specInput(model) });
});
afterAll(() => {
  endTraining();
  return world.close();
});

it('takes 500 webhooks at once at one model: each is answered once and for all, one production runs, one waits', async () => {
  const deliveries = Array.from({ length: WEBHOOKS }, () => ({ id: `msg_${randomUUID()}`, model }));
  const again = deliveries.filter((_, i) => i % 10 === 0);
  const sender = { url: world.url, endpoint: 'ci', secret: WEBHOOK_SECRET };
  const sent = await sendAll(sender, [...deliveries, ...again], CONNECTIONS);
  const handle = world.client.workflow.getHandle(lifecycleId({ model, environment: ENVIRONMENT }));
  const state = await handle.query(lifecycleStateQuery);
  expect(accountOf(sent, state)).toEqual({
    answered: WEBHOOKS,
    started: 1,
    waiting: 1,
    coalesced: WEBHOOKS - 2,
    problems: [],
  });
  const { rows } = await world.db.query('SELECT version FROM versions WHERE model = $1', [model]);
  expect(rows).toEqual([{ version: 1 }]);
  // A few updates carried the storm, so the history stays far from Temporal's limits.
  expect(Math.max(...sent.map(({ tries }) => tries))).toBe(1);
  expect((await handle.describe()).historyLength).toBeLessThan(2 * WEBHOOKS);
});
