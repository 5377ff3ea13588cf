import { once } from 'node:events';
import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { isPerennialError } from '../../../src/errors/define-error.ts';
import { INTERRUPTED, interruption } from '../../story/interruption.ts';
import { createReporter } from '../../story/reporter.ts';
import { REPORT_FILE } from './shop.ts';
import { tellStory } from './tell-story.ts';

const USAGE = `npm run demo -- [--keep] [--interactive] [--deep] [--seed N]

  --keep         leave everything running to explore, until Ctrl-C
  --interactive  you approve, with the command that is printed
  --deep         a deep recommender in PyTorch in place of the trees (a large download)
  --seed N       another world (default 7); in some the baseline fails its gate, and the story ends there`;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        keep: { type: 'boolean', default: false },
        interactive: { type: 'boolean', default: false },
        deep: { type: 'boolean', default: false },
        seed: { type: 'string', default: '7' },
        help: { type: 'boolean', default: false },
      },
    });
    const seed = Number(values.seed);
    if (!Number.isInteger(seed) || seed < 0)
      throw new Error(`--seed takes a whole number, found "${values.seed}"`);
    return { ...values, seed };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

const { keep, interactive, deep, seed, help } = readOptions();
if (help) {
  console.log(USAGE);
  process.exit(0);
}

const interrupted = interruption();

const reporter = createReporter();
try {
  const { report, setting } = await tellStory({
    options: { seed, interactive, deep, storm: false },
    reporter,
    signal: interrupted,
    outerEnv: process.env,
  });
  const seconds = (report.durationMs / 1000).toFixed(0);
  reporter.note('');
  reporter.note(
    report.ok
      ? `${pc.green('The whole story came true')}: ${report.steps.length} steps in ${seconds} s. ${REPORT_FILE}`
      : `${pc.red('The story did not come true')}; it broke off after ${seconds} s. ${REPORT_FILE}, logs beside it`,
  );
  const stack = setting.plantly?.stack;
  if (keep && stack && !interrupted.aborted) {
    reporter.note(
      `\nAll is still running. API ${stack.endpoints['api'] ?? ''}/docs, Temporal UI ${stack.endpoints['temporalUi'] ?? ''}`,
    );
    reporter.note(
      '  PERENNIAL_DATA_DIR=.perennial/demo npx perennial status plant-recommender\nCtrl-C stops it.',
    );
    await once(interrupted, 'abort');
  }
  await setting.shoppers?.stop();
  await stack?.stop();
  // A step that was stopped half-way may still wait for something.
  if (interrupted.aborted && !report.ok) process.exit(INTERRUPTED);
  process.exitCode = report.ok ? 0 : 1;
} catch (error) {
  console.error(isPerennialError(error) ? `${pc.red(error.code)}: ${error.message}` : error);
  process.exitCode = 1;
}
