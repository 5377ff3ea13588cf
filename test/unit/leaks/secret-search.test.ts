import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { SecretSearch } from '../../leaks/secret-search.ts';

const TEXT = 'canary/9b"1c+e7 of tests';
const search = new SecretSearch([{ name: 'canary', text: TEXT }]);
const folder = mkdtempSync(join(tmpdir(), 'perennial-search-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['as it is', `x${TEXT}y`],
  ['in a URL', `postgres://u:${encodeURIComponent(TEXT)}@h/d`],
  ['in JSON', JSON.stringify({ a: TEXT })],
  ['as Base64', Buffer.from(TEXT).toString('base64')],
  ['as Base64 within a longer text', Buffer.from(`user:${TEXT}!`).toString('base64')],
  ['as Base64 one further', Buffer.from(`users:${TEXT}!`).toString('base64')],
  ['as hexadecimal digits', Buffer.from(TEXT).toString('hex')],
])('a search finds a planted secret %s', (_, text) => {
  expect(search.inBytes(Buffer.from(text), 'here')).toEqual([{ secret: 'canary', place: 'here' }]);
});

it('a search finds it in files, across the borders of what is read at once, and compressed', () => {
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'plain.log'), `a\n${TEXT}\n`);
  writeFileSync(
    join(folder, 'logs', 'large.bin'),
    Buffer.concat([Buffer.alloc(8 * 2 ** 20 - 5), Buffer.from(TEXT)]),
  );
  writeFileSync(
    join(folder, 'volume.dat'),
    Buffer.concat([Buffer.from('head'), gzipSync(`{"a":"${TEXT}"}`), Buffer.from('tail')]),
  );
  writeFileSync(join(folder, 'allowed.json'), TEXT);
  writeFileSync(join(folder, 'harmless'), 'canary');
  const places = search.inFolder(folder, ['allowed.json']).map(({ place }) => place);
  expect(places.sort()).toEqual(['logs/large.bin', 'plain.log', 'volume.dat']);
});

it('a search finds it in an error, in its causes and in what is not enumerable', () => {
  const cause = Object.assign(new Error('inner'), { input: TEXT });
  const error = new Error('outer', { cause });
  expect(search.inValue([error], 'error')).toHaveLength(1);
  expect(search.inValue([new Error('harmless')], 'error')).toEqual([]);
});

it('a search for nothing is refused', () => {
  expect(() => new SecretSearch([{ name: 'short', text: 'abc' }])).toThrow('no secret');
});
