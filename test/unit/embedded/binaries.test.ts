import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findTemporal, parseTemporalVersion } from '../../../src/embedded/binaries.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'perennial-binaries-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(place: string, output: string): string {
  mkdirSync(join(folder, place), { recursive: true });
  const path = join(folder, place, 'temporal');
  writeFileSync(path, `#!/bin/sh\necho '${output}'\n`);
  chmodSync(path, 0o755);
  return path;
}
const find = (): string => findTemporal(join(folder, 'path'), join(folder, 'pinned'));

describe('findTemporal', () => {
  it('takes the one on PATH when it is new enough', () => {
    const onPath = program('path', 'temporal version 1.10.0 (Server 1.33.0)');
    program('pinned', 'temporal version 1.9.1');
    expect(find()).toBe(onPath);
  });

  it('takes the pinned one when that on PATH is too old, or is another program of that name', () => {
    const pinned = program('pinned', 'temporal version 1.9.1');
    program('path', 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)');
    expect(find()).toBe(pinned);
    program('path', 'a calendar');
    expect(find()).toBe(pinned);
  });

  it('tells what it looked at and what to do when there is none', () => {
    program('path', 'temporal version 1.5.1');
    expect(find).toThrow(expect.objectContaining({ code: 'STACK_BINARY_MISSING' }) as Error);
    expect(find).toThrow(/older than 1\.9.*node scripts\/setup\.mjs.*TEMPORAL_ADDRESS/);
  });
});

describe('parseTemporalVersion', () => {
  it('reads the version of the CLI, not that of the server in it', () => {
    expect(parseTemporalVersion('temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)')).toEqual([1, 9]);
    expect(parseTemporalVersion('temporal: unknown flag')).toBeUndefined();
  });
});
