import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readTrainerFiles } from '../../../src/cli/commands/apply.ts';

it('sends what people wrote, and neither caches nor secrets', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-apply-'));
  try {
    for (const name of ['lib', '__pycache__', '.git', 'node_modules']) mkdirSync(join(folder, name));
    for (const name of [
      'train.py',
      'lib/features.py',
      'environment.yaml',
      '.env',
      '.env.production',
      'lib/.env',
      'lib/old.pyc',
      '__pycache__/train.pyc',
      '.git/config',
      'node_modules/a.js',
    ])
      writeFileSync(join(folder, name), 'x');
    const files = await readTrainerFiles(folder);
    expect(files.map(({ path }) => path)).toEqual(['environment.yaml', 'lib/features.py', 'train.py']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
