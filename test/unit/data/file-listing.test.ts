import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFileAccess, settled } from '../../../src/data/file-listing.ts';
import { privateFiles } from '../../../src/platform/private-files.ts';

const root = mkdtempSync(join(tmpdir(), 'perennial-files-'));
const data = join(root, 'data');
const s3 = new S3Client({ region: 'us-east-1' });

beforeAll(() => {
  mkdirSync(join(data, 'log'), { recursive: true });
  mkdirSync(join(root, 'data-of-others'));
  writeFileSync(join(data, 'log', '1.csv'), 'a\n1\n');
  writeFileSync(join(root, 'outside.csv'), 'a\n1\n');
  writeFileSync(join(root, 'data-of-others', '1.csv'), 'a\n1\n');
  for (const file of privateFiles(data)) writeFileSync(file, '{}');
  symlinkSync('/etc/passwd', join(data, 'passwd.csv'));
  symlinkSync('/proc/self/environ', join(data, 'environ.csv'));
  symlinkSync(join(data, 'stack.json'), join(data, 'log', 'state.json'));
  symlinkSync(join(root, 'outside.csv'), join(data, 'outside.csv'));
  symlinkSync(join(data, 'log', '1.csv'), join(data, 'inside.csv'));
});
afterAll(() => {
  s3.destroy();
  rmSync(root, { recursive: true });
});

const list = (pattern: string, directories: readonly string[] | null) =>
  createFileAccess({ baseDirectory: data, s3, directories, closed: privateFiles(data) }).list(pattern);

describe('the local files of a source', () => {
  it.each(['log/*.csv', 'in*.csv', '../data/inside.csv'])(
    'may lie where sources may read: %s',
    async (pattern) => {
      const files = await list(pattern, [data]);
      expect(files).toHaveLength(1);
    },
  );

  it.each([
    '../outside.csv',
    '/etc/passwd',
    'passwd.csv',
    'outside.csv',
    '../data-of-others/*.csv',
    'log/../../outside.csv',
  ])('are refused outside of the directories that an operator named, links followed: %s', async (pattern) => {
    await expect(list(pattern, [data])).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('PERENNIAL_SOURCE_DIRS') as unknown,
    });
  });

  it.each([
    '/proc/self/environ',
    '/proc/1/status',
    '/sys/kernel/*',
    'environ.csv',
    'stack.json',
    'cli.json',
    'log/state.json',
    'admin-token',
  ])('are never secrets of the service or of its processes: %s', async (pattern) => {
    for (const directories of [null, [data], ['/']])
      await expect(list(pattern, directories)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
  });

  it('have one name each, if there is one the name that is no link', async () => {
    const folder = join(data, 'linked');
    mkdirSync(join(folder, 'day-1'), { recursive: true });
    writeFileSync(join(folder, 'day-1', 'log.csv'), 'a\n1\n');
    symlinkSync('log.csv', join(folder, 'day-1', 'current.csv'));
    symlinkSync('day-1', join(folder, 'current'));
    linkSync(join(folder, 'day-1', 'log.csv'), join(folder, 'twin.csv'));
    const names = async (pattern: string) => (await list(pattern, [data])).map((file) => file.uri);
    expect(await names('linked/*/*.csv')).toEqual([join(folder, 'day-1', 'log.csv')]);
    expect(await names('linked/day-1/c*.csv')).toEqual([join(folder, 'day-1', 'current.csv')]);
    symlinkSync('linked', join(data, 'alias'));
    expect(await names('alias/*/*.csv')).toEqual([join(data, 'alias', 'day-1', 'log.csv')]);
    expect(await names('link*/*.csv')).toEqual([join(folder, 'twin.csv')]);
  });

  it('are known by inode and time of birth, not by a device whose number changes', async () => {
    const { ino, birthtimeMs } = statSync(join(data, 'log', '1.csv'));
    const [file] = await list('log/1.csv', [data]);
    expect(file?.identity).toBe(birthtimeMs === 0 ? String(ino) : `${String(ino)}:${String(birthtimeMs)}`);
  });

  it('are listed again where a log is rotated between the names and what they stand for', async () => {
    const file = (uri: string, identity: string) => ({ uri, size: 1, stamp: '1', identity });
    const before = [file('log', 'b'), file('log.1', 'a')];
    const torn = [file('log', 'c'), file('log.1', 'b')];
    const after = [...torn, file('log.2', 'a')];
    for (const looks of [
      [torn, after],
      [before, torn, after],
    ]) {
      const left = [...looks];
      expect(await settled(() => Promise.resolve(left.shift() ?? after))).toEqual(after);
    }
  });

  it('are listed in the end where names change all the time', async () => {
    let looks = 0;
    const listed = await settled(() => Promise.resolve([{ uri: String((looks += 1)), size: 1, stamp: '1' }]));
    expect(listed).toHaveLength(1);
  });

  it('are none whose names begin with a dot, unless the pattern does', async () => {
    mkdirSync(join(data, 'hidden'));
    writeFileSync(join(data, 'hidden', '.1.csv'), 'a\n1\n');
    expect(await list('hidden/*.csv', [data])).toEqual([]);
    expect(await list('hidden/.*.csv', [data])).toHaveLength(1);
  });

  it('are none that have a name in another encoding, which is said', async () => {
    mkdirSync(join(data, 'latin'));
    writeFileSync(Buffer.from(join(data, 'latin', 'Ums\xe4tze.csv'), 'latin1'), 'a\n1\n');
    await expect(list('latin/*.csv', [data])).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('is no UTF-8') as unknown,
    });
  });

  it('are none where there are none', async () => {
    expect(await list('nowhere/*.csv', [data])).toEqual([]);
    expect(await list('/dev/null', null)).toEqual([]);
  });
});
