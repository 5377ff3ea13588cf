import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { FileGone } from '../../../src/data/file-listing.ts';
import type { FileAccess, ListedFile } from '../../../src/data/file-listing.ts';
import type { FileProgress } from '../../../src/data/file-progress.ts';
import { listFollowed } from '../../../src/data/follow-renames.ts';

const read = (content: string, identity: string): FileProgress => {
  const digest = createHash('sha256').update(content).digest('hex');
  const bytes = content.length;
  return {
    bytes,
    lines: 1,
    size: bytes,
    stamp: '1',
    head: digest,
    headBytes: bytes,
    digest,
    nothingTaken: false,
    identity,
  };
};

/** What becomes of the progress, of a source whose only file is now called `new`. */
async function follow(
  progress: Readonly<Record<string, FileProgress>>,
  file: { readonly content: string; readonly identity: string; readonly stamp?: string },
  growing = true,
) {
  const listed = { uri: 'new', size: file.content.length, stamp: '1', ...file };
  const access: FileAccess = {
    list: () => Promise.resolve([listed]),
    read: (_file, from, to) => Promise.resolve(Readable.from([Buffer.from(file.content).subarray(from, to)])),
  };
  return listFollowed(access, '*', progress, growing);
}

describe('a file that was renamed', () => {
  it('is known by inode and time of birth, whatever device the position names', async () => {
    const old = read('a', '64:7:1700.25');
    const { files, renamed } = await follow({ old }, { content: 'ab', identity: '7:1700.25' });
    expect(files).toEqual({ new: old });
    expect([...renamed]).toEqual(['new']);
  });

  it('is no other file with its inode', async () => {
    const old = read('a', '7:1700.25');
    const { files, renamed } = await follow({ old }, { content: 'a', identity: '7:1800.5' });
    expect(files).toEqual({ old });
    expect(renamed.size).toBe(0);
  });

  it.each([
    ['that begins like it', 'ab', true],
    ['that begins otherwise', 'xb', false],
    ['that is shorter', '', false],
  ])('is, without times of birth, the file with its inode %s: %s', async (_what, content, isSame) => {
    const old = read('a', '7');
    const { files } = await follow({ old }, { content, identity: '7' });
    expect(files).toEqual(isSame ? { new: old } : { old });
  });

  it('is, without times of birth, of several the longest that it may be', async () => {
    const progress = { x: read('x', '7'), short: read('a', '7'), long: read('ab', '7') };
    const { files } = await follow(progress, { content: 'abc', identity: '7' });
    expect(files).toEqual({ x: progress.x, short: progress.short, new: progress.long });
  });

  it('is, without times of birth and where files do not grow, one that was not written to', async () => {
    const old = read('a', '7');
    const now = { content: 'a', identity: '7' };
    expect((await follow({ old }, now, false)).files).toEqual({ new: old });
    expect((await follow({ old }, { ...now, stamp: '2' }, false)).files).toEqual({ old });
  });

  it('is looked for again where it is renamed once more meanwhile', async () => {
    const [old, other] = [read('a', '7'), read('b', '8')];
    const [first, second, third] = ['1', '2', '3'].map((uri) => ({ uri, size: 1, stamp: '1' }));
    const listings = [
      [
        { ...second, identity: '8' },
        { ...third, identity: '7' },
      ],
      [
        { ...third, identity: '8' },
        { ...first, identity: '7' },
      ],
    ] as ListedFile[][];
    const access: FileAccess = {
      list: () => Promise.resolve(listings.shift() ?? []),
      read(file) {
        if (listings.length > 0 && file.identity === '7') return Promise.reject(new FileGone(file));
        return Promise.resolve(Readable.from([file.identity === '7' ? 'a' : 'b']));
      },
    };
    const { files } = await listFollowed(access, '*', { 1: other, 2: old }, true);
    expect(files).toEqual({ 1: old, 3: other });
  });

  it('is no copy of a file that is still there', async () => {
    const known = read('a', '7');
    const { files } = await follow({ new: known, old: read('a', '7') }, { content: 'a', identity: '7' });
    expect(files.new).toBe(known);
  });
});
