import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { betterModel } from '../../../examples/plantly/demo/chapters/better-model.ts';
import type { Setting } from '../../../examples/plantly/demo/setting.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A storm of deliveries against an API that answers once `together` of them wait, the n-th by `answer`. */
async function storm(together: number, answer: (n: number) => object): Promise<unknown> {
  const waiting: (() => void)[] = [];
  const server = createServer((_request, response) => {
    const n = waiting.length;
    waiting.push(() => void response.end(JSON.stringify({ trigger: answer(n) })));
    if (waiting.length === together) for (const release of waiting) release();
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const dataScientist = { apply: () => Promise.resolve() };
  const stack = {
    env: { PERENNIAL_WEBHOOK_SECRETS: '{"builds":"s"}' },
    endpoints: { api: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
  };
  const setting = { options: { storm: true }, cast: { dataScientist }, plantly: { stack } };
  const step = betterModel(setting as unknown as Setting).find(({ id }) => id === 'produce-v2');
  return step?.run(() => undefined);
}

it('a build server delivers its webhook fifty times at once, and tells when the answers differ', async () => {
  const answers = [
    { kind: 'started', version: 3 },
    { kind: 'duplicate', of: 'build-42' },
  ] as const;
  await expect(storm(50, (n) => answers[n === 0 ? 0 : 1])).rejects.toThrow(
    'one delivery, sent 50 times, was answered started and duplicate',
  );
});
