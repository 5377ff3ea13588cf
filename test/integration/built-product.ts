import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { productRoot } from '../../src/embedded/binaries.ts';

/** What the processes that these tests start are made of. */
const FOLDERS = [
  'src/embedded',
  'src/platform',
  'src/registry',
  'src/errors',
  'src/domain',
  'src/contracts',
  'src/artifacts',
  'src/serving',
  'src/training',
  'src/spec',
  'src/cli',
  'src/data',
  'src/evaluation',
  'src/stats',
  'examples/plantly/chaos',
  'examples/plantly/simulator',
];

const COMPILER_OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

function compile(root: string, source: string): void {
  const from = join(root, source);
  const to = join(root, 'dist', source.replace(/ts$/, 'js'));
  const built = statSync(to, { throwIfNoEntry: false });
  if (built !== undefined && built.mtimeMs >= statSync(from).mtimeMs) return;
  const { outputText } = ts.transpileModule(readFileSync(from, 'utf8'), {
    compilerOptions: COMPILER_OPTIONS,
  });
  mkdirSync(join(to, '..'), { recursive: true });
  // Whole at once: another test file may be starting a process from it.
  const draft = `${to}.${String(process.pid)}.tmp`;
  writeFileSync(draft, outputText);
  renameSync(draft, to);
}

/**
 * Brings dist/ up to date for tests that start processes of the product, file by file and without type checks:
 * `npm test` has built everything before, so this only matters when one test file is run by hand.
 * @param main below dist/, the program that the test starts
 */
export function ensureBuilt(main: string): void {
  const root = productRoot();
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.ts') && !name.endsWith('.d.ts')) compile(root, join(folder, name));
    }
  }
  spawnSync(process.execPath, [join(root, 'scripts', 'copy-assets.mjs')], { stdio: 'ignore' });
  if (!existsSync(join(root, 'dist', main))) throw new Error(`The build made no dist/${main}.`);
}
