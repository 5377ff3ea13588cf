// The door of every npm script that needs a prepared checkout: `node scripts/run.mjs <target> [arguments]`.
// Sets up and builds what is missing or out of date, then hands over. Plain Node without dependencies.
import { spawn } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setupOrExit } from './setup.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BUILD_STAMP = join(ROOT, 'dist', '.built');
const SOURCES = [
  'src',
  'workflows',
  'activities',
  'workers',
  'examples',
  'scripts',
  'tsconfig.build.json',
  'tsconfig.json',
  'package-lock.json',
];

function newestMtime(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(
    stats.mtimeMs,
    ...readdirSync(path)
      .filter((name) => name !== '__pycache__')
      .map((name) => newestMtime(join(path, name))),
  );
}

/** Runs a program in the foreground; its exit status becomes ours when it fails. Signals reach it by the terminal. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
    const forward = (signal) => child.kill(signal);
    process.on('SIGTERM', forward);
    // Ctrl-C reaches the whole group; we only have to outlive the child.
    const ignore = () => {};
    process.on('SIGINT', ignore);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.off('SIGTERM', forward);
      process.off('SIGINT', ignore);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

async function runOrExit(command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) process.exit(code);
}

async function build() {
  const builtAt = statSync(BUILD_STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (builtAt > Math.max(...SOURCES.map((source) => newestMtime(join(ROOT, source))))) return;
  const startedAt = Date.now();
  console.log('Building …');
  await runOrExit('npm', ['run', '--silent', 'build']);
  writeFileSync(BUILD_STAMP, new Date(startedAt).toISOString());
}

const PROGRAMS = {
  demo: ['dist/examples/plantly/demo/main.js'],
  chaos: ['dist/examples/plantly/chaos/main.js'],
  flights: ['dist/examples/flights/main.js'],
  dev: ['dist/src/cli/main.js', 'dev'],
  histories: ['scripts/record-histories.mjs'],
};

const [target, ...args] = process.argv.slice(2);
await setupOrExit({ deep: args.includes('--deep'), quiet: target === 'test' });
await build();
if (target === 'test') {
  await runOrExit('npm', ['run', '--silent', 'check']);
  process.exit(await run('npx', ['--no-install', 'vitest', 'run', ...args]));
}
if (target === 'bench') {
  const config = ['--config', 'vitest.bench.config.ts'];
  process.exit(await run('npx', ['--no-install', 'vitest', 'run', ...config, ...args]));
}
const program = PROGRAMS[target];
if (!program) {
  console.error(
    `scripts/run.mjs: unknown target ${target}; one of test, bench, ${Object.keys(PROGRAMS).join(', ')}`,
  );
  process.exit(2);
}
process.exit(await run(process.execPath, [...program, ...args]));
