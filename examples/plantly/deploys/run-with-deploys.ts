import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import pc from 'picocolors';
import type { ModelRef } from '../../../src/contracts/workflows/ids.ts';
import type { Stack } from '../../../src/embedded/stack.ts';
import { loadConfig } from '../../../src/platform/config.ts';
import { connectTemporal } from '../../../src/platform/temporal-connection.ts';
import { openDatabase } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { createReporter } from '../../story/reporter.ts';
import type { Reporter } from '../../story/reporter.ts';
import type { StoryReport } from '../../story/story.ts';
import { countAll } from '../chaos/count-all.ts';
import type { Count } from '../chaos/counts/aftermath.ts';
import { countLeftovers } from '../chaos/counts/leftovers.ts';
import type { Setting } from '../demo/setting.ts';
import { DEMO_DIR, MODEL, SHOP_DIR } from '../demo/shop.ts';
import { tellStory } from '../demo/tell-story.ts';
import { asFaults, countDeploys } from './count-deploys.ts';
import { copyBuild } from './deployable-build.ts';
import { deployBeside } from './deploy-beside-steps.ts';
import type { Deploy } from './deploy-beside-steps.ts';
import { stagesOf } from './stages.ts';

const WORLD_SEED = 7;
/** Beside the demo's folder, which each run begins anew. */
const BUILD_DIR = join(DEMO_DIR, '..', 'demo-build');
const KEPT_DIR = join(DEMO_DIR, '..', 'chaos', 'deploys');

/**
 * Tells the story of the demo while new builds replace all workers in the middle of every step and stage; then counts
 * what became of it. Whether all went well; null: `stop` ended it.
 */
export async function runWithDeploys(stop: AbortSignal): Promise<boolean | null> {
  const reporter = createReporter();
  const build = copyBuild(BUILD_DIR);
  const deploys: Deploy[] = [];
  let registry: Registry | undefined;
  let stack: Stack | undefined;
  try {
    const { report, setting } = await tellStory({
      options: { seed: WORLD_SEED, interactive: false, deep: false, storm: true },
      reporter,
      signal: stop,
      outerEnv: process.env,
      products: build.products,
      besideStep: async (id, { plantly }, over) => {
        if (!plantly) return;
        registry ??= openRegistry(plantly.stack);
        const { db, ref } = registry;
        const target = { stack: plantly.stack, build, spans: () => stagesOf(db, ref) };
        const before = deploys.length;
        await deployBeside(id, target, deploys, { over, stop });
        reporter.note(pc.yellow(`  ⟳ ${String(deploys.length - before)} × a new build of all workers`));
      },
    });
    stack = setting.plantly?.stack;
    await setting.shoppers?.stop();
    if (stop.aborted || !stack || !registry) return null;
    reporter.note('counting …');
    const counts = [
      ...(await countAfter(stack, registry, report, deploys)),
      ...(await countPromises(setting, report, deploys)),
    ];
    await stack.stop();
    counts.push(...countLeftovers(DEMO_DIR, [SHOP_DIR]));
    return await keep({ report, deploys, counts }, reporter);
  } finally {
    await registry?.db.end();
    await stack?.stop();
    build.remove();
  }
}

interface Registry {
  readonly db: Database;
  readonly ref: ModelRef;
}

function openRegistry({ env }: Stack): Registry {
  const { databaseUrl, environment } = loadConfig(env);
  return {
    db: openDatabase(databaseUrl, () => undefined, { poolSize: 1 }),
    ref: { model: MODEL, environment },
  };
}

async function countAfter(
  stack: Stack,
  { db, ref }: Registry,
  report: StoryReport,
  deploys: readonly Deploy[],
): Promise<Count[]> {
  const { temporal } = loadConfig(stack.env);
  const connection = await connectTemporal(temporal);
  try {
    return await countDeploys({
      ...ref,
      deploys,
      report,
      processes: stack.processes(),
      db,
      temporal: new Client({ connection, namespace: temporal.namespace }),
    });
  } finally {
    await connection.close();
  }
}

/** All that a run with faults is held to; a message may have come again only for a deploy. */
async function countPromises(
  { plantly, history }: Setting,
  report: StoryReport,
  deploys: readonly Deploy[],
): Promise<Count[]> {
  if (!plantly || !history) return [];
  const scratch = await mkdtemp(join(tmpdir(), 'plantly-counts-'));
  try {
    return await countAll({ plantly, history, report, faults: asFaults(deploys), scratch });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface DeploysRun {
  readonly report: StoryReport;
  readonly deploys: readonly Deploy[];
  readonly counts: readonly Count[];
}

async function keep(run: DeploysRun, reporter: Reporter): Promise<boolean> {
  const { report, deploys, counts } = run;
  const ok = report.ok && counts.every((count) => count.ok);
  await rm(KEPT_DIR, { recursive: true, force: true });
  await mkdir(KEPT_DIR, { recursive: true });
  await writeFile(join(KEPT_DIR, 'report.json'), `${JSON.stringify({ ok, ...run }, null, 2)}\n`);
  await cp(join(DEMO_DIR, 'logs'), join(KEPT_DIR, 'logs'), { recursive: true });
  for (const count of counts)
    reporter.note(`  ${count.ok ? pc.green('✔') : pc.red('✘')} ${count.promise}: ${count.seen}`);
  reporter.note(
    `${ok ? pc.green('ended well') : pc.red('did not end well')}: ${String(deploys.length)} deploys, ${(report.durationMs / 1000).toFixed(0)} s. ${KEPT_DIR}`,
  );
  return ok;
}
