import type { Client } from '@temporalio/client';
import type { ModelRef } from '../../../src/contracts/workflows/ids.ts';
import type { Database } from '../../../src/registry/database.ts';
import type { ProcessStatus } from '../../../src/embedded/supervised-process.ts';
import type { StoryReport } from '../../story/story.ts';
import type { Count } from '../chaos/counts/aftermath.ts';
import type { FaultReport } from '../chaos/inject-faults.ts';
import type { Deploy } from './deploy-beside-steps.ts';
import { isMet, STAGES, stagesOf } from './stages.ts';
import type { StageSpan } from './stages.ts';

/** Before the end of this step there is nothing to replace. */
const FIRST_STEP = 'stack';
/** Those that live longer than a deploy takes. */
const LONG_LIVED = ['modelLifecycle', 'produceVersion', 'promoteVersion', 'rollOut'] as const;

export interface Deployed extends ModelRef {
  readonly deploys: readonly Deploy[];
  readonly report: StoryReport;
  readonly processes: readonly ProcessStatus[];
  readonly db: Database;
  readonly temporal: Client;
}

/** Whether new builds came in the middle of everything, and what they cost. */
export async function countDeploys(deployed: Deployed): Promise<Count[]> {
  return [
    countSteps(deployed),
    countServing(deployed),
    countStages(deployed, await stagesOf(deployed.db, deployed)),
    countBuilds(await buildsOf(deployed)),
  ];
}

/** Deploys as what a run with faults knows. */
export function asFaults(deploys: readonly Deploy[]): FaultReport[] {
  return deploys.map(({ during, from, to }) => ({
    at: new Date(from).toISOString(),
    lasted: { from, to },
    during,
    fault: { kind: 'deploy', target: 'workers' },
    hit: true,
    detail: '',
    recoveredAfterMs: 0,
  }));
}

/** Every step of the story met a whole deploy. */
export function countSteps({ report, deploys }: Pick<Deployed, 'report' | 'deploys'>): Count {
  const steps = report.steps.map(({ id }) => id).filter((id) => id !== FIRST_STEP);
  const without = steps.filter((id) => !deploys.some(({ during, whole }) => during === id && whole));
  const broken = deploys.filter(({ whole }) => !whole).length;
  return {
    promise: 'deploys: one or more in the middle of every step',
    ok: steps.length > 0 && without.length + broken === 0,
    seen: `${deploys.length} deploys in ${steps.length} steps, ${broken} without all workers${listed('none in', without)}`,
  };
}

/** The API and the gateway are not replaced with the workers, and no shopper waits for those. */
export function countServing({ report, processes }: Pick<Deployed, 'report' | 'processes'>): Count {
  const restarted = processes.filter(({ name, restarts }) => !name.startsWith('worker-') && restarts > 0);
  const { refused, retries, visits } = report.steps.find(({ id }) => id === 'books')?.facts ?? {};
  return {
    promise: 'serving: no request was refused or had to be repeated',
    ok: refused === 0 && retries === 0 && restarted.length === 0,
    seen: `${String(visits)} visits, ${String(refused)} refused, ${String(retries)} retries${listed(
      'started again:',
      restarted.map(({ name }) => name),
    )}`,
  };
}

/** Every stage in which a version waits met a deploy, in one version at least. */
export function countStages({ deploys }: Pick<Deployed, 'deploys'>, spans: readonly StageSpan[]): Count {
  const all = STAGES.map((stage) => {
    const those = spans.filter((span) => span.stage === stage);
    return { stage, met: those.filter((span) => isMet(span, deploys)).length, of: those.length };
  });
  return {
    promise: 'deploys: one or more in every stage of a version',
    ok: all.every(({ met: some }) => some > 0),
    seen: all.map(({ stage, met: some, of }) => `${stage} ${some} of ${of}`).join(', '),
  };
}

/** Of each kind of workflow that lives long, one at least was begun by one build and carried on by another. */
export function countBuilds(builds: ReadonlyMap<string, readonly number[]>): Count {
  const most = LONG_LIVED.map((type) => ({ type, builds: Math.max(0, ...(builds.get(type) ?? [])) }));
  return {
    promise: 'deploys: the workflows go on from build to build',
    ok: most.every((one) => one.builds > 1),
    seen: most.map((one) => `${one.type} ${one.builds}`).join(', '),
  };
}

/** By how many builds each workflow was run, by its type. */
async function buildsOf({ temporal }: Deployed): Promise<ReadonlyMap<string, readonly number[]>> {
  const builds = new Map<string, number[]>();
  const query = LONG_LIVED.map((type) => `WorkflowType = '${type}'`).join(' OR ');
  for await (const { workflowId, runId, type } of temporal.workflow.list({ query })) {
    const { events } = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    const ids = (events ?? []).flatMap(
      ({ workflowTaskCompletedEventAttributes: task }) => task?.workerVersion?.buildId ?? [],
    );
    builds.set(type, [...(builds.get(type) ?? []), new Set(ids).size]);
  }
  return builds;
}

const listed = (what: string, names: readonly string[]): string =>
  names.length === 0 ? '' : `, ${what} ${names.join(', ')}`;
