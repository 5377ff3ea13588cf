import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';

/** The id says what the child is for: one that runs already is the one that was wanted. */
export async function startOnce(start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
