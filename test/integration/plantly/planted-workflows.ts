import { condition, setHandler } from '@temporalio/workflow';
import { lifecycleStateQuery } from '../../../src/contracts/workflows/lifecycle.ts';
import type { LifecycleState } from '../../../src/domain/lifecycle/state.ts';

/** A lifecycle that says what a test wants it to, and does nothing. */
export async function modelLifecycle(state: LifecycleState): Promise<void> {
  setHandler(lifecycleStateQuery, () => state);
  await condition(() => false);
}
