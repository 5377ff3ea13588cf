import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { postWebhook } from '../../../src/notifications/post-webhook.ts';
import { webhookSignature } from '../../../src/notifications/webhook-signature.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(answer: RequestListener): Promise<URL> {
  const started = createServer(answer);
  server = started;
  await new Promise<void>((resolve) => void started.listen(0, '127.0.0.1', resolve));
  const address = started.address();
  return new URL(`http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}/hook`);
}

const post = (url: URL, timeoutMs = 15_000) =>
  postWebhook(
    { url, headers: { 'content-type': 'application/json', 'webhook-id': 'msg_1' }, body: '{"ä":1}' },
    { allowedHosts: [url.host], timeoutMs },
  );

describe('a webhook', () => {
  it('is one POST of exactly the bytes, and any 2xx is success', async () => {
    const seen: { method: string | undefined; id: unknown; body: string }[] = [];
    const url = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        seen.push({ method: request.method, id: request.headers['webhook-id'], body });
        response.writeHead(202).end('thanks');
      });
    });
    expect(await post(url)).toBe(202);
    expect(seen).toEqual([{ method: 'POST', id: 'msg_1', body: '{"ä":1}' }]);
  });

  it.each([400, 401, 403, 404, 410, 422])('is not tried again after %i', async (status) => {
    const url = await serve((_request, response) => void response.writeHead(status).end());
    await expect(post(url)).rejects.toMatchObject({
      code: 'WEBHOOK_REFUSED',
      retry: 'never',
      details: { statusCode: status },
    });
  });

  it.each([408, 425, 429, 500, 502, 503, 504])('is tried again after %i', async (status) => {
    const url = await serve((_request, response) => void response.writeHead(status).end());
    await expect(post(url)).rejects.toMatchObject({ code: 'WEBHOOK_UNAVAILABLE', retry: 'later' });
  });

  it('waits as long as Retry-After says, in seconds or as a date, up to six hours', async () => {
    const pauses: Record<string, string> = {
      '/seconds': '120',
      '/date': new Date(Date.now() + 3_600_000).toUTCString(),
      '/years': '99999999',
      '/past': new Date(0).toUTCString(),
      '/nonsense': 'soon',
    };
    const url = await serve((request, response) => {
      response.writeHead(429, { 'retry-after': pauses[request.url ?? ''] }).end();
    });
    const pause = (path: string) =>
      post(new URL(path, url)).then(
        () => null,
        (error: { details: { retryAfterMs?: number } }) => error.details.retryAfterMs,
      );
    expect(await pause('/seconds')).toBe(120_000);
    expect(await pause('/date')).toBeGreaterThan(3_500_000);
    expect(await pause('/years')).toBe(6 * 3_600_000);
    expect(await pause('/past')).toBeUndefined();
    expect(await pause('/nonsense')).toBeUndefined();
  });

  it('follows no redirect', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked += 1;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    await expect(post(url)).rejects.toMatchObject({ code: 'WEBHOOK_REFUSED' });
    expect(asked).toBe(1);
  });

  it('gives an endpoint up that does not answer, or is not there, until the next try', async () => {
    const silent = await serve(() => undefined);
    await expect(post(silent, 100)).rejects.toMatchObject({ code: 'WEBHOOK_UNAVAILABLE' });
    const gone = new URL(silent);
    await new Promise((resolve) => {
      server?.closeAllConnections();
      server?.close(resolve);
    });
    await expect(post(gone)).rejects.toMatchObject({ code: 'WEBHOOK_UNAVAILABLE' });
  });

  it('takes an answer without end by its status', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200);
      response.write('x'.repeat(100_000));
    });
    expect(await post(url)).toBe(200);
  });
});

describe('the signature', () => {
  it('is the one of the example that Standard Webhooks publishes', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
    expect(webhookSignature(secret, id, '1614265330', '{"test": 2432232314}')).toBe(
      'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('takes any other secret as text', () => {
    // Each computed with: printf 'm.1.{}' | openssl dgst -sha256 -hmac SECRET -binary | base64
    expect(webhookSignature('whsec_not base64', 'm', '1', '{}')).toBe(
      'GSjcfpw4tgeIMBhx9JeL2yPXh8xnbxBHS+8Latq6bJ8=',
    );
    expect(webhookSignature('plain', 'm', '1', '{}')).toBe('jZSrcnOwXdjhSlkDhWMPABB1I8dsSc3I8hwQDHXgbGI=');
  });
});
