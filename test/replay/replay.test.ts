import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import * as workflows from '../../workflows/index.ts';
import { bundledWorkflows } from '../workflows/bundled-workflows.ts';
import { World } from '../workflows/world.ts';
import { HISTORY_NAMES, WAITING_STATES } from './waiting-states.ts';

const HERE = new URL('.', import.meta.url);
/** Those of this checkout, and those of each release, as `current/x.json.gz` and `released/0.1.0/x.json.gz`. */
const files = readdirSync(HERE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json.gz'))
  .sort();
const rollouts = files.filter((name) => name.includes('rollOut-'));

const recorded = (name: string): unknown =>
  JSON.parse(gunzipSync(readFileSync(new URL(name, HERE))).toString('utf8'));

function bundleOf(changed: string): Promise<WorkflowBundle> {
  const workflowsPath = fileURLToPath(new URL(`changed/${changed}`, HERE));
  return bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
}

describe('the workflows of this checkout', () => {
  let workflowBundle: WorkflowBundle;
  beforeAll(() => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    workflowBundle = bundledWorkflows();
  });

  it('have a recorded history in each waiting state', () => {
    expect(Object.keys(WAITING_STATES).sort()).toEqual(Object.keys(workflows).sort());
    const current = files.filter((name) => name.startsWith('current/'));
    expect(current).toEqual(HISTORY_NAMES.map((name) => `current/${name}.json.gz`).sort());
  });

  it('call each of their activities in one of them', () => {
    const types = files.map((name) =>
      JSON.stringify(recorded(name)).matchAll(/"activityType":\{"name":"(\w+)"/g),
    );
    const called = new Set(types.flatMap((found) => [...found].map(([, type]) => type)));
    expect(Object.keys(new World().activities).filter((name) => !called.has(name))).toEqual([]);
  });

  it.each(files)('replay %s without a difference', async (name) => {
    await Worker.runReplayHistory({ workflowBundle }, recorded(name), name);
  });
});

describe('a change of a workflow', () => {
  it('that inserts an activity is stopped here, in whichever state it finds a rollout', async () => {
    const bundle = await bundleOf('inserted.ts');
    for (const name of rollouts) {
      const replay = Worker.runReplayHistory({ workflowBundle: bundle }, recorded(name), name);
      await expect(replay, name).rejects.toMatchObject({ name: 'DeterminismViolationError' });
    }
  });

  it('that does the same behind `patched` is let through', async () => {
    const bundle = await bundleOf('patched.ts');
    for (const name of rollouts) {
      await Worker.runReplayHistory({ workflowBundle: bundle }, recorded(name), name);
    }
  });
});
