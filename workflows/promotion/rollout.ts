import { condition, startChild } from '@temporalio/workflow';
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import { rolloutId } from '../../src/contracts/workflows/ids.ts';
import { abortRolloutSignal } from '../../src/contracts/workflows/rollout.ts';
import type { RollOutResult } from '../../src/contracts/workflows/rollout.ts';
import { ROLLOUT_NOT_RESTORED } from '../../src/errors/lifecycle-errors.ts';
import { rollOut } from '../roll-out.ts';
import type { Ending, PromotionRun } from './run.ts';

/** Rolls the version out and waits for the end. An abort is passed on; the rollout then puts traffic back. */
export async function runRollout(run: PromotionRun): Promise<Ending> {
  const { model, environment, version, champion, specRevision } = run.input;
  const child = await startChild(rollOut, {
    workflowId: rolloutId(run.input, version),
    args: [{ model, environment, version, champion, specRevision }],
    // Terminating or cancelling a promotion must not leave a canary behind: the rollout cleans up.
    parentClosePolicy: 'REQUEST_CANCEL',
    staticSummary: `Rolls out ${model} version ${String(version)} in ${environment}`,
  });
  const watched: { ended: boolean } = { ended: false };
  const result: Promise<RollOutResult> = child.result().finally(() => {
    watched.ended = true;
  });
  result.catch(() => undefined);
  await condition(() => watched.ended || run.abort !== null);
  if (!watched.ended && run.abort !== null) await passOn(child, run.abort);
  const ending = await result;
  return ending.kind === 'failed' ? { ...ending, code: ROLLOUT_NOT_RESTORED.code } : ending;
}

async function passOn(
  child: ChildWorkflowHandle<typeof rollOut>,
  by: NonNullable<PromotionRun['abort']>,
): Promise<void> {
  try {
    await child.signal(abortRolloutSignal, by);
  } catch {
    // It ended in the same moment: its result says how.
  }
}
