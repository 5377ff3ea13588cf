import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { productRoot } from '../../src/embedded/binaries.ts';

/**
 * Brings dist/ up to date for tests that start processes of the product; the compiler is incremental, so this
 * takes a second or two when nothing has changed. Type errors are the concern of `npm run check`.
 */
export function ensureBuilt(main: string): void {
  const root = productRoot();
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'ignore' });
  if (!existsSync(join(root, 'dist', main))) throw new Error(`The build made no dist/${main}.`);
}
