import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../../src/notifications/public-address.ts';
import { postWebhook } from '../../../src/notifications/post-webhook.ts';
import { checkWebhookUrl, isAllowedHost, publicLookup } from '../../../src/notifications/webhook-address.ts';

const REFUSED = { code: 'WEBHOOK_ADDRESS_REFUSED' };

describe('an address', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '::ffff:8.8.8.8',
    '::7f00:1',
    '64:ff9b::7f00:1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2001::7f00:1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    'localhost',
    '',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['8.8.8.8', '172.15.0.1', '172.32.0.1', '100.128.0.1', '192.0.1.1', '2606:4700::1111'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

describe('the url of a webhook', () => {
  it.each([
    'http://hooks.example.com/x',
    'https://127.0.0.1/x',
    'https://127.1/x',
    'https://LOCALHOST/x',
    'https://localhost./x',
    'https://hooks.localhost/x',
    'https://2130706433/x',
    'https://0x7f000001/x',
    'https://0x7f.1/x',
    'https://0177.0.0.1/x',
    'https://０１７７.0.0.1/x',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/x',
    'https://[::ffff:127.0.0.1]/x',
    'https://[::ffff:a9fe:a9fe]/x',
    'https://[fd00:ec2::254]/x',
    'https://10.0.0.1:8443/x',
  ])('%s is refused before anything is asked of the network', (url) => {
    expect(() => checkWebhookUrl(new URL(url), [])).toThrow(expect.objectContaining(REFUSED) as Error);
  });

  it('may go anywhere on a host that the installation names, and only there', () => {
    const allowed = ['hooks.internal', '127.0.0.1:8080', '[::1]:9000'];
    for (const url of ['http://hooks.internal/x', 'https://HOOKS.internal:9/x', 'http://127.0.0.1:8080/x'])
      expect(isAllowedHost(new URL(url), allowed)).toBe(true);
    expect(isAllowedHost(new URL('http://[::1]:9000/'), allowed)).toBe(true);
    for (const url of [
      'http://127.0.0.1:8081/',
      'http://hooks.internal.evil.example/',
      'http://a.hooks.internal/',
    ])
      expect(isAllowedHost(new URL(url), allowed)).toBe(false);
  });
});

describe('the lookup of a connection', () => {
  const answering = (...addresses: string[]) =>
    publicLookup((_hostname, done) =>
      done(
        null,
        addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
    );
  const looked = (lookup: ReturnType<typeof publicLookup>, all: boolean) =>
    new Promise<unknown>((resolve, reject) => {
      lookup('hooks.example.com', { all }, (error, address) => (error ? reject(error) : resolve(address)));
    });

  it('connects to the very addresses that were checked', async () => {
    expect(await looked(answering('8.8.8.8', '9.9.9.9'), false)).toBe('8.8.8.8');
    expect(await looked(answering('8.8.8.8'), true)).toEqual([{ address: '8.8.8.8', family: 4 }]);
  });

  it('refuses a name with one private address among public ones, however it is asked', async () => {
    for (const all of [true, false])
      await expect(looked(answering('8.8.8.8', '10.0.0.1'), all)).rejects.toMatchObject(REFUSED);
    await expect(looked(answering('::ffff:127.0.0.1'), false)).rejects.toMatchObject(REFUSED);
  });

  it('says so when there is no address', async () => {
    await expect(looked(answering(), false)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('is asked once for each request: a name that changes its mind afterwards gains nothing', async () => {
    const answers = ['127.0.0.1', '8.8.8.8'];
    let asked = 0;
    const send = postWebhook(
      { url: new URL('https://rebinding.example/x'), headers: {}, body: '{}' },
      {
        allowedHosts: [],
        resolve: (_hostname, done) => done(null, [{ address: answers[asked++] ?? '', family: 4 }]),
      },
    );
    await expect(send).rejects.toMatchObject(REFUSED);
    expect(asked).toBe(1);
  });
});
