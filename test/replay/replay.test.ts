import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import * as workflows from '../../workflows/index.ts';
import { bundledWorkflows } from '../workflows/bundled-workflows.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const HERE = new URL('.', import.meta.url);
const files = readdirSync(HERE).filter((name) => name.endsWith('.json.gz'));

interface RecordedEvent {
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
}
function recorded(name: string): { events: RecordedEvent[] } {
  const text = gunzipSync(readFileSync(new URL(name, HERE))).toString('utf8');
  return JSON.parse(text) as { events: RecordedEvent[] };
}

describe('the workflows of this checkout', () => {
  let workflowBundle: WorkflowBundle;
  beforeAll(() => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    workflowBundle = bundledWorkflows();
  });

  it('have a recorded history each', () => {
    const types = new Set(files.map((name) => name.replace(/(-[a-z]+)?\.json\.gz$/, '')));
    expect([...types].sort()).toEqual(Object.keys(workflows).sort());
  });

  it.each(files)('replay %s without a difference', async (name) => {
    await Worker.runReplayHistory({ workflowBundle }, recorded(name), name);
  });

  it('would be stopped by this test if a step were another one', async () => {
    const history = recorded('rollOut-passed.json.gz');
    const step = history.events.find(
      (event) => event.activityTaskScheduledEventAttributes?.activityType.name === 'awaitRoute',
    );
    step!.activityTaskScheduledEventAttributes!.activityType.name = 'setStage';
    await expect(Worker.runReplayHistory({ workflowBundle }, history, 'changed')).rejects.toMatchObject({
      name: 'DeterminismViolationError',
    });
  });
});
