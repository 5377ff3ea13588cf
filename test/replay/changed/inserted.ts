/** The product's workflows with a rollout that begins with one activity more: what a careless change looks like. */
import { loadPolicy } from '../../../workflows/activity-proxies.ts';
import { rollOut as released } from '../../../workflows/index.ts';

export { modelLifecycle } from '../../../workflows/index.ts';

export async function rollOut(input: Parameters<typeof released>[0]): ReturnType<typeof released> {
  await loadPolicy(input);
  return await released(input);
}
