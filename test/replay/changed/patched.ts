/** The same change as in `inserted.ts`, made in the way that `docs/workflow-changes.md` asks for. */
import { patched } from '@temporalio/workflow';
import { loadPolicy } from '../../../workflows/activity-proxies.ts';
import { rollOut as released } from '../../../workflows/index.ts';

export { modelLifecycle } from '../../../workflows/index.ts';

export async function rollOut(input: Parameters<typeof released>[0]): ReturnType<typeof released> {
  if (patched('policy-before-rollout')) await loadPolicy(input);
  return await released(input);
}
