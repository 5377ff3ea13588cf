import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { INTERRUPTED, interruption } from '../../story/interruption.ts';
import { runWithDeploys } from '../deploys/run-with-deploys.ts';
import { momentsMissed, nextActivityCrash } from './activity-walk.ts';
import { FAULT_KINDS, nextFault } from './fault-plan.ts';
import { renderRuns } from './render-runs.ts';
import { runWithFaults } from './run-with-faults.ts';
import type { ChaosRun, FaultPlan } from './run-with-faults.ts';

const USAGE = `npm run chaos -- [--seed N] [--runs N] [--faults kind,kind] [--each-activity]
npm run chaos -- --deploy-each-step

  --seed N     the first seed (default 1); the same seed plans the same faults
  --runs N     so many runs, one seed after the other (default 1)
  --faults …   only these kinds: ${FAULT_KINDS.join(', ')}
  --each-activity
               only crashes of workers, right before and right after activities, each at another until all had
               their turn; ends well when the runs have hit every activity that came

  --deploy-each-step
               a new build of all workers as each step of the story begins and in every stage of a version, and
               nothing else that goes wrong`;

type Options = ReturnType<typeof readOptions>;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string', default: '1' },
        runs: { type: 'string', default: '1' },
        faults: { type: 'string', default: FAULT_KINDS.join(',') },
        'each-activity': { type: 'boolean', default: false },
        'deploy-each-step': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const seed = Number(values.seed);
    const runs = Number(values.runs);
    if (!Number.isInteger(seed)) throw new Error(`--seed takes a whole number, found "${values.seed}"`);
    if (!Number.isInteger(runs) || runs < 1)
      throw new Error(`--runs takes a whole number from 1, found "${values.runs}"`);
    const kinds = values.faults.split(',').map((name) => {
      const kind = FAULT_KINDS.find((known) => known === name.trim());
      if (!kind) throw new Error(`there is no fault "${name}"; there are ${FAULT_KINDS.join(', ')}`);
      return kind;
    });
    return {
      seed,
      runs,
      kinds,
      eachActivity: values['each-activity'],
      deployEachStep: values['deploy-each-step'],
      help: values.help,
    };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function main({ seed: first, runs: count, kinds, eachActivity }: Options): Promise<boolean> {
  const interrupted = interruption();
  const runs: ChaosRun[] = [];
  const plan: FaultPlan = eachActivity
    ? (random, earlier) => nextActivityCrash(random, [...runs.flatMap(({ faults }) => faults), ...earlier])
    : (random) => nextFault(random, kinds);
  for (let seed = first; seed < first + count; seed += 1) {
    const run = await runWithFaults(seed, plan, interrupted);
    // A step that was stopped half-way may still wait for something.
    if (!run) process.exit(INTERRUPTED);
    runs.push(run);
  }
  if (count > 1) console.log(`\n${renderRuns(runs)}`);
  const well = runs.filter(({ ok }) => ok).length;
  console.log(
    `${well === count ? pc.green(String(well)) : pc.red(String(well))} of ${String(count)} runs ended well`,
  );
  const missed = eachActivity ? momentsMissed(runs) : [];
  for (const moment of missed) console.log(`${pc.red('✘')} no worker died ${moment}`);
  return well === count && missed.length === 0;
}

const options = readOptions();
if (options.help) console.log(USAGE);
else if (options.deployEachStep) {
  const ok = await runWithDeploys(interruption());
  if (ok === null) process.exit(INTERRUPTED);
  process.exitCode = ok ? 0 : 1;
} else process.exitCode = (await main(options)) ? 0 : 1;
