import { createHash } from 'node:crypto';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pc from 'picocolors';
import { createReporter } from '../../story/reporter.ts';
import type { Reporter } from '../../story/reporter.ts';
import type { StoryReport } from '../../story/story.ts';
import type { Setting } from '../demo/setting.ts';
import { DEMO_DIR, SHOP_DIR } from '../demo/shop.ts';
import { tellStory } from '../demo/tell-story.ts';
import { createRandom } from '../simulator/random.ts';
import type { Random } from '../simulator/random.ts';
import type { Walked } from './activity-walk.ts';
import { countAll } from './count-all.ts';
import type { Count } from './counts/aftermath.ts';
import { countLeftovers } from './counts/leftovers.ts';
import { countFaults, countProcesses } from './counts/processes.ts';
import type { PlannedFault } from './fault-plan.ts';
import { injectFaults } from './inject-faults.ts';
import type { Battlefield, FaultReport } from './inject-faults.ts';
import { openLinks } from './links.ts';
import type { Links } from './links.ts';
import { restartsOf, untilBack } from './recovery.ts';
import { describeFault } from './render-runs.ts';
import { SABOTAGE_VARIABLE, Sabotage } from './sabotage.ts';
import { mountSmallDisk } from './small-disk.ts';
import type { SmallDisk } from './small-disk.ts';

const WORLD_SEED = 7;
/** Beside the demo's folder, which each run begins anew. */
const CHAOS_DIR = join(DEMO_DIR, '..', 'chaos');
const PRELOAD = pathToFileURL(fileURLToPath(new URL('./preload.js', import.meta.url))).href;

export interface ChaosRun extends Walked {
  readonly seed: number;
  readonly ok: boolean;
  readonly report: StoryReport;
  readonly counts: readonly Count[];
}

/** What goes wrong next, after what this run has seen until then. */
export type FaultPlan = (random: Random, earlier: readonly FaultReport[]) => PlannedFault;

/** What stands between the product and the world in one run. */
interface Hostilities {
  links: Links;
  disk: SmallDisk | null;
  readonly sabotage: Sabotage;
}

/** Tells the story of the demo while things go wrong, by the seed; then counts what became of every promise. null: `stop` ended it. */
export async function runWithFaults(
  seed: number,
  plan: FaultPlan,
  stop: AbortSignal,
): Promise<ChaosRun | null> {
  const reporter = createReporter();
  const folder = join(CHAOS_DIR, `seed-${String(seed)}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const hostilities: Hostilities = {
    links: { all: [], env: {} },
    disk: null,
    sabotage: new Sabotage(join(folder, 'sabotage')),
  };
  const faults: FaultReport[] = [];
  const over = new AbortController();
  const onStop = (): void => over.abort(stop.reason);
  stop.addEventListener('abort', onStop, { once: true });
  const random = createRandom('chaos', seed);
  let step = 'start';
  let injecting: Promise<string | null> | undefined;
  try {
    const { report, setting } = await tellStory({
      options: { seed: WORLD_SEED, interactive: false, deep: false, storm: true },
      reporter,
      signal: stop,
      outerEnv: process.env,
      wire: (env) => wire(env, hostilities),
      onStep: (id, { plantly }) => {
        step = id;
        if (!plantly || injecting) return;
        const field = fieldOf(
          plantly.stack,
          hostilities,
          () => step,
          (fault) => {
            faults.push(fault);
            reporter.note(pc.yellow(`  ⚡ ${describeFault(fault)}`));
          },
        );
        // Settles well either way: nobody waits for it before the story is over.
        injecting = injectFaults(field, () => plan(random, faults), over.signal).then(
          () => null,
          (error: unknown) => String(error),
        );
      },
    });
    over.abort(new Error('the story is over'));
    const failure = (await injecting) ?? null;
    if (stop.aborted) {
      await setting.shoppers?.stop();
      await setting.plantly?.stack.stop();
      return null;
    }
    const counts = [
      countFaults(faults, failure),
      ...(await takeStock(setting, report, faults, folder, reporter)),
    ];
    const run: ChaosRun = {
      seed,
      ok: report.ok && counts.every(({ ok }) => ok),
      report,
      faults,
      activities: hostilities.sabotage.activities(),
      counts,
    };
    await keep(run, folder, reporter);
    return run;
  } finally {
    stop.removeEventListener('abort', onStop);
    for (const link of hostilities.links.all) link.close();
    hostilities.disk?.remove();
  }
}

async function wire(
  env: Readonly<Record<string, string>>,
  hostilities: Hostilities,
): Promise<Record<string, string>> {
  hostilities.links = await openLinks(env);
  hostilities.disk = mountSmallDisk(join(DEMO_DIR, 'spool'), mountPoint());
  // Of their own, so that what they leave there can be told from what others do.
  const TMPDIR = join(DEMO_DIR, 'tmp');
  await mkdir(TMPDIR);
  return {
    ...hostilities.links.env,
    TMPDIR,
    [SABOTAGE_VARIABLE]: hostilities.sabotage.folder,
    NODE_OPTIONS: `--import ${PRELOAD}`,
  };
}

/** Outside the demo's folder, which the next run removes even where this one was killed; one for each checkout. */
function mountPoint(): string {
  const checkout = createHash('sha256').update(DEMO_DIR).digest('hex').slice(0, 12);
  return join(tmpdir(), `plantly-chaos-${checkout}`);
}

function fieldOf(
  stack: Battlefield['stack'],
  { links, disk, sabotage }: Hostilities,
  during: () => string,
  onFault: Battlefield['onFault'],
): Battlefield {
  return { stack, links, disk, sabotage, during, onFault };
}

/** Counts on the running stack, then stops it and looks at what it leaves. */
async function takeStock(
  { plantly, history, shoppers }: Setting,
  report: StoryReport,
  faults: readonly FaultReport[],
  folder: string,
  reporter: Reporter,
): Promise<Count[]> {
  await shoppers?.stop();
  if (!plantly) return [];
  const { stack } = plantly;
  const recovery = await untilBack(stack);
  const restarts = restartsOf(stack);
  reporter.note('counting …');
  const scratch = join(folder, 'scratch');
  const counts = history ? await countAll({ plantly, history, report, faults, scratch }) : [];
  await rm(scratch, { recursive: true, force: true });
  const processes = countProcesses(recovery, restarts, restartsOf(stack));
  await stack.stop();
  return [processes, ...counts, ...countLeftovers(DEMO_DIR, [SHOP_DIR])];
}

async function keep(run: ChaosRun, folder: string, reporter: Reporter): Promise<void> {
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(run, null, 2)}\n`);
  await cp(join(DEMO_DIR, 'logs'), join(folder, 'logs'), { recursive: true });
  for (const { promise, ok, seen } of run.counts)
    reporter.note(`  ${ok ? pc.green('✔') : pc.red('✘')} ${promise}: ${seen}`);
  const hits = run.faults.filter(({ hit }) => hit).length;
  reporter.note(
    `seed ${String(run.seed)}: ${run.ok ? pc.green('ended well') : pc.red('did not end well')}, ${String(hits)} faults, ${(run.report.durationMs / 1000).toFixed(0)} s. ${folder}`,
  );
}
