import { once } from 'node:events';
import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { isPerennialError } from '../../src/errors/define-error.ts';
import { INTERRUPTED, interruption } from '../story/interruption.ts';
import { createReporter } from '../story/reporter.ts';
import { MODEL, REPORT_FILE } from './flights-stack.ts';
import { tellStory } from './tell-story.ts';

const USAGE = `npm run flights -- [--keep]

  --keep  leave everything running to explore, until Ctrl-C`;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: { keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    });
    return values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

const { keep, help } = readOptions();
if (help) {
  console.log(USAGE);
  process.exit(0);
}

const interrupted = interruption();

const reporter = createReporter();
try {
  const { report, setting } = await tellStory({
    reporter,
    signal: interrupted,
    outerEnv: process.env,
  });
  const seconds = (report.durationMs / 1000).toFixed(0);
  reporter.note(
    report.ok
      ? `\n${pc.green('The whole story came true')}: ${report.steps.length} steps in ${seconds} s. ${REPORT_FILE}`
      : `\n${pc.red('The story did not come true')}; it broke off after ${seconds} s. ${REPORT_FILE}, logs beside it`,
  );
  const stack = setting.scene?.stack;
  if (keep && stack && !interrupted.aborted) {
    reporter.note(
      `\nAll is still running. API ${stack.endpoints['api'] ?? ''}/docs, Temporal UI ${stack.endpoints['temporalUi'] ?? ''}`,
    );
    reporter.note(
      `  PERENNIAL_DATA_DIR=.perennial/flights-demo npx perennial status ${MODEL}\nCtrl-C stops it.`,
    );
    await once(interrupted, 'abort');
  }
  await setting.scene?.replay.stop();
  await stack?.stop();
  // A step that was stopped half-way may still wait for something.
  if (interrupted.aborted && !report.ok) process.exit(INTERRUPTED);
  process.exitCode = report.ok ? 0 : 1;
} catch (error) {
  console.error(isPerennialError(error) ? `${pc.red(error.code)}: ${error.message}` : error);
  process.exitCode = 1;
}
