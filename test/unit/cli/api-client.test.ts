import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createApiClient } from '../../../src/cli/api-client.ts';

const SHORT_MS = 200;

async function withServer(answer: RequestListener, ask: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await ask(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

it.each([
  ['says nothing', () => undefined],
  [
    'stops in the middle of its answer',
    (_: unknown, response: { write(text: string): void }) => response.write('{"a":'),
  ],
] as const)('a server that %s may still carry the command out', async (_what, answer) => {
  await withServer(answer, async (url) => {
    const api = createApiClient(url, 't', SHORT_MS);
    await expect(api.post('/models/m/rollback')).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: `no answer from ${url} within 0.2 s; it may still be carried out: look at \`perennial status\` before you repeat it`,
    });
    await expect(api.get('/models')).rejects.toMatchObject({ message: `no answer from ${url} within 0.2 s` });
  });
});

it('a server that is not there is said to be away', async () => {
  await expect(createApiClient('http://127.0.0.1:1', null).get('/models')).rejects.toMatchObject({
    code: 'SERVER_UNREACHABLE',
    message: expect.stringContaining('Is it running?') as string,
  });
});
