import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { productRoot } from '../../src/embedded/binaries.ts';

/** What the processes that these tests start are made of. */
const FOLDERS = ['src/embedded', 'src/platform', 'src/registry', 'src/errors'];

function isBuilt(root: string): boolean {
  return FOLDERS.every((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.ts'))
      .every((name) => {
        const built = statSync(join(root, 'dist', folder, name.replace(/ts$/, 'js')), {
          throwIfNoEntry: false,
        });
        return built !== undefined && built.mtimeMs >= statSync(join(root, folder, name)).mtimeMs;
      }),
  );
}

/**
 * Brings dist/ up to date for tests that start processes of the product. `npm test` has built it before, so
 * this compiles only when a single test file is run by hand. Type errors are the concern of `npm run check`.
 */
export function ensureBuilt(main: string): void {
  const root = productRoot();
  if (!isBuilt(root)) {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'ignore' });
  }
  if (!existsSync(join(root, 'dist', main))) throw new Error(`The build made no dist/${main}.`);
}
