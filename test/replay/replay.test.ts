import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as workflows from '../../workflows/index.ts';
import { bundledWorkflows } from '../workflows/bundled-workflows.ts';
import { World } from '../workflows/world.ts';
import { HISTORY_NAMES, WAITING_STATES } from './waiting-states.ts';

const HERE = new URL('.', import.meta.url);
/** Those of this checkout, and of builds before it: `current/x.json.gz`, `earlier/x.json.gz`, `released/0.1.0/x.json.gz`. */
const files = readdirSync(HERE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json.gz'))
  .sort();
const rollouts = files.filter((name) => name.includes('rollOut-'));

const recorded = (name: string): unknown =>
  JSON.parse(gunzipSync(readFileSync(new URL(name, HERE))).toString('utf8'));

const Started = z.object({
  events: z.tuple(
    [z.object({ workflowExecutionStartedEventAttributes: z.object({ workflowId: z.string().optional() }) })],
    z.unknown(),
  ),
});

/** Replays as the workflow that it was: ids of children are made of its id. Those of `earlier` don't hold it, nor need it. */
function replay(workflowBundle: WorkflowBundle, name: string): Promise<void> {
  const history = recorded(name);
  const { workflowId } = Started.parse(history).events[0].workflowExecutionStartedEventAttributes;
  return Worker.runReplayHistory({ workflowBundle }, history, workflowId ?? name);
}

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
    await replay(workflowBundle, name);
  });
});

describe('a change of a workflow', () => {
  it('that inserts an activity is stopped here, in whichever state it finds a rollout', async () => {
    const bundle = await bundleOf('inserted.ts');
    for (const name of rollouts) {
      await expect(replay(bundle, name), name).rejects.toMatchObject({ name: 'DeterminismViolationError' });
    }
  });

  it('that does the same behind `patched` is let through', async () => {
    const bundle = await bundleOf('patched.ts');
    for (const name of rollouts) {
      await replay(bundle, name);
    }
  });
});
