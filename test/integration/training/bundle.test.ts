import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import { packBundle, unpackBundle } from '../../../src/training/bundle.ts';
import { checkpointToResume, newestCheckpoint, storeCheckpoint } from '../../../src/training/checkpoints.ts';
import { openStore } from './open-store.ts';

const log = pino({ level: 'silent' });
let store: ArtifactStore;
let folder: string;
beforeAll(async () => {
  store = await openStore();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perennial-bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
}

describe('a bundle of code', () => {
  it('comes back as it was, with modes, without what tools left', async () => {
    write('code/train.py', 'print(1)');
    write('code/lib/__init__.py', '');
    write('code/run.sh', '#!/bin/sh');
    write('code/__pycache__/train.pyc', 'x');
    write('code/.venv/bin/python', 'x');
    chmodSync(join(folder, 'code/run.sh'), 0o700);
    const digest = await packBundle(store, join(folder, 'code'));
    await unpackBundle(store, digest, join(folder, 'out'));
    expect(readFileSync(join(folder, 'out/train.py'), 'utf8')).toBe('print(1)');
    expect(readFileSync(join(folder, 'out/lib/__init__.py'), 'utf8')).toBe('');
    expect(statSync(join(folder, 'out/run.sh')).mode & 0o777).toBe(0o755);
    expect(existsSync(join(folder, 'out/__pycache__'))).toBe(false);
    expect(existsSync(join(folder, 'out/.venv'))).toBe(false);
  });

  it('has one digest for equal folders, whenever they were written', async () => {
    write('a/x.py', 'same');
    write('b/x.py', 'same');
    utimesSync(join(folder, 'b/x.py'), 1, 1);
    expect(await packBundle(store, join(folder, 'a'))).toBe(await packBundle(store, join(folder, 'b')));
  });

  it('takes no links', async () => {
    write('code/train.py', 'x');
    symlinkSync('/etc/passwd', join(folder, 'code/data'));
    await expect(packBundle(store, join(folder, 'code'))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  });

  it.each(['../evil', '/etc/evil', 'a/../../evil', 'a//b', './a', 'a\\..\\b', ''])(
    'writes nothing for a manifest that names %j',
    async (path) => {
      const file = await store.putBytes(Buffer.from('evil'));
      const bad = await store.putJson({ files: [{ path, digest: file.digest, mode: 0o644 }] });
      const refused = unpackBundle(store, bad.digest, join(folder, 'out'));
      await expect(refused).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
      expect(existsSync(join(folder, 'out'))).toBe(false);
      expect(existsSync(join(folder, 'evil'))).toBe(false);
    },
  );

  it.each([Buffer.from('not json'), Buffer.from('{"files":1}'), Buffer.from('')])(
    'is refused when its manifest is %s',
    async (bytes) => {
      const { digest } = await store.putBytes(bytes);
      await expect(unpackBundle(store, digest, join(folder, 'out'))).rejects.toMatchObject({
        code: 'BUNDLE_INVALID',
      });
    },
  );
});

describe('checkpoints', () => {
  it('count only when their marker is written', async () => {
    write('c/step-1/state', '1');
    write('c/step-1/COMPLETE', '');
    write('c/step-2/state', 'torn');
    expect(await newestCheckpoint(join(folder, 'c'))).toMatchObject({ name: 'step-1' });
    expect(await newestCheckpoint(join(folder, 'absent'))).toBeNull();
  });

  it('resume on another machine from the store, and on this one from the newest', async () => {
    write('c/step-9/state', '9');
    write('c/step-9/COMPLETE', '');
    utimesSync(join(folder, 'c/step-9/COMPLETE'), 100, 100);
    const local = await newestCheckpoint(join(folder, 'c'));
    if (!local) throw new Error('the checkpoint is whole');
    const stored = await storeCheckpoint(store, local);
    const elsewhere = await checkpointToResume({ store, log }, [], stored, join(folder, 'restored'));
    expect(elsewhere).toBe(join(folder, 'restored'));
    expect(readFileSync(join(folder, 'restored/state'), 'utf8')).toBe('9');
    write('c/step-10/state', '10');
    write('c/step-10/COMPLETE', '');
    utimesSync(join(folder, 'c/step-10/COMPLETE'), 100, 100);
    const here = await checkpointToResume({ store, log }, [join(folder, 'c')], stored, join(folder, 'again'));
    expect(here).toBe(join(folder, 'c/step-10'));
    expect(await checkpointToResume({ store, log }, [], null, join(folder, 'none'))).toBeNull();
  });

  it('that are damaged in the store are passed over for an older one on this machine, or none', async () => {
    write('c/step-1/state', '1');
    write('c/step-1/COMPLETE', '');
    utimesSync(join(folder, 'c/step-1/COMPLETE'), 100, 100);
    const bad = await store.putJson({ files: [{ path: '../evil', digest: 'a'.repeat(64), mode: 0o644 }] });
    const gone = await store.putJson({ files: [{ path: 'state', digest: 'b'.repeat(64), mode: 0o644 }] });
    for (const digest of ['c'.repeat(64), bad.digest, gone.digest]) {
      const stored = { name: 'step-2', digest, completedAt: 200_000 };
      const resume = (folders: string[]) =>
        checkpointToResume({ store, log }, folders, stored, join(folder, 'restored'));
      expect(await resume([])).toBeNull();
      expect(await resume([join(folder, 'c')])).toBe(join(folder, 'c/step-1'));
    }
  });
});
