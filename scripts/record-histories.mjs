// `npm run histories` records a history of each workflow in each waiting state into test/replay/current;
// `npm run histories -- --release 0.1.0` keeps those for good, as the ones that this release wrote.
import { cpSync, existsSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startVitest } from 'vitest/node';

const REPLAY = fileURLToPath(new URL('../test/replay/', import.meta.url));

function fail(message) {
  console.error(`record-histories: ${message}`);
  process.exit(2);
}

function keep(version) {
  if (!/^\d+\.\d+\.\d+$/.test(version ?? '')) fail('--release takes a version such as 0.1.0');
  const folder = `${REPLAY}released/${version}`;
  if (existsSync(folder)) fail(`${folder} is there already, and what was released never changes`);
  if (!existsSync(`${REPLAY}current`)) fail('nothing is recorded yet; run it without --release first');
  cpSync(`${REPLAY}current`, folder, { recursive: true });
  console.log(`kept in ${relative(process.cwd(), folder)}; npm test replays them from now on`);
}

async function record() {
  const vitest = await startVitest('test', [], {
    config: false,
    watch: false,
    globalSetup: ['test/workflows/bundled-workflows.ts'],
    include: ['test/replay/record-histories.ts'],
    hookTimeout: 60_000,
  });
  await vitest.close();
}

const [option, version, ...more] = process.argv.slice(2);
if (option === undefined) await record();
else if (option === '--release' && more.length === 0) keep(version);
else fail('no arguments to record, or --release <version> to keep what is recorded');
