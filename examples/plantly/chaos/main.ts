import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { createReporter } from '../../story/reporter.ts';
import { DEMO_DIR } from '../demo/shop.ts';
import { tellStory } from '../demo/tell-story.ts';
import { createRandom } from '../simulator/random.ts';
import { injectFaults } from './fault-injector.ts';
import type { Fault } from './fault-injector.ts';

/** Tells the story while processes are killed with kill -9, at times and in an order that the seed decides. */
async function runWithFaults(seed: number): Promise<boolean> {
  const reporter = createReporter();
  const faults: Fault[] = [];
  const over = new AbortController();
  let step = 'start';
  let injecting: Promise<void> | undefined;
  const { report, setting } = await tellStory({
    options: { seed: 7, interactive: false, deep: false },
    reporter,
    signal: over.signal,
    outerEnv: process.env,
    onStep: (id, { plantly }) => {
      step = id;
      if (!plantly || injecting) return;
      injecting = injectFaults(
        plantly.stack,
        createRandom('chaos', seed),
        () => step,
        (fault) => {
          faults.push(fault);
          reporter.note(pc.yellow(`  ⚡ kill -9 ${fault.victim}${fault.hit ? '' : ' (was not running)'}`));
        },
        over.signal,
      );
    },
  });
  over.abort(new Error('the story is over'));
  await injecting;
  await setting.shoppers?.stop();
  await setting.plantly?.stack.stop();
  const hits = faults.filter(({ hit }) => hit).length;
  await writeFile(
    join(DEMO_DIR, `chaos-${seed}.json`),
    `${JSON.stringify({ seed, ok: report.ok, faults, report }, null, 2)}\n`,
  );
  reporter.note(
    `seed ${seed}: ${report.ok ? pc.green('ended well') : pc.red('did not end well')}, ${hits} processes killed, ${(report.durationMs / 1000).toFixed(0)} s`,
  );
  return report.ok;
}

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, runs: { type: 'string', default: '1' } },
});
const first = Number(values.seed);
const runs = Number(values.runs);
if (!Number.isInteger(first) || !Number.isInteger(runs) || runs < 1) {
  console.error('npm run chaos -- [--seed N] [--runs N], both whole numbers');
  process.exit(2);
}
let failures = 0;
for (let seed = first; seed < first + runs; seed += 1) {
  if (!(await runWithFaults(seed))) failures += 1;
}
if (runs > 1) console.log(`${runs - failures} of ${runs} runs ended well`);
process.exitCode = failures === 0 ? 0 : 1;
