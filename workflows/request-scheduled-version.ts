import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { lifecycleId } from '../src/contracts/workflows/ids.ts';
import { versionRequestedSignal } from '../src/contracts/workflows/lifecycle.ts';
import type { RequestScheduledVersionInput } from '../src/contracts/workflows/monitoring.ts';
import { systemActor } from '../src/domain/actor.ts';
import { createStatus } from './status.ts';

/** Asks the lifecycle for a version. The schedule puts its time into this workflow's id, which is the key. */
export async function requestScheduledVersion(input: RequestScheduledVersionInput): Promise<void> {
  const { workflowId, startTime } = workflowInfo();
  createStatus(input)('trigger', `Asking for a new version of ${input.model} by schedule.`);
  await getExternalWorkflowHandle(lifecycleId(input)).signal(versionRequestedSignal, {
    key: workflowId,
    source: 'schedule',
    reason: 'The retraining schedule of the spec.',
    requestedBy: systemActor('schedule'),
    requestedAt: startTime.getTime(),
  });
}
