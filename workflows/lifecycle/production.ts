import type { LifecyclePolicy } from '../../src/contracts/activities/control.ts';
import {
  productionLost,
  productionNotStarted,
  productionRepeated,
  productionStarted,
  wasStarted,
} from '../../src/domain/lifecycle/productions.ts';
import type { Trigger } from '../../src/domain/trigger.ts';
import { PRODUCTION_FAILED } from '../../src/errors/lifecycle-errors.ts';
import { allocateVersion } from '../activity-proxies.ts';
import { describeFailure } from '../failures.ts';
import type { LifecycleRun } from '../model-lifecycle.ts';
import { startProduction } from './children.ts';

/** Time for everything beside training: reading, joining, evaluating, and waiting for workers that are away. */
const PRODUCTION_OVERHEAD_MS = 2 * 86_400_000;
/** A production that was killed by its own timeout is given up this much later. */
const REPORT_GRACE_MS = 60_000;

/** Gets the version's number (the trigger's key always gets the same) and starts its production. */
export async function startVersion(run: LifecycleRun, trigger: Trigger): Promise<void> {
  const { model, environment } = run.input;
  const policy = await run.newestPolicy();
  const { specRevision } = policy;
  let version: number;
  try {
    ({ version } = await allocateVersion({ model, environment, specRevision, key: trigger.key, trigger }));
  } catch (error) {
    const { code, reason } = describeFailure(error, PRODUCTION_FAILED);
    const context = await run.context();
    run.apply((state) => productionNotStarted(state, `${code}: ${reason}`, context));
    return;
  }
  if (wasStarted(run.state, version)) {
    const context = await run.context();
    run.apply((state) => productionRepeated(state, version, context));
    return;
  }
  const timeoutMs = productionTimeout(policy);
  const deadline = Date.now() + timeoutMs + REPORT_GRACE_MS;
  const maxWaitMs = policy.retraining.newExamples?.maxWait;
  const context = await run.context();
  const since = run.apply((state) =>
    productionStarted(state, { version, specRevision, deadline, maxWaitMs }, context),
  );
  const input = { model, environment, version, specRevision, trigger };
  try {
    if (since === null) await startProduction(run, input, timeoutMs);
    else await startProduction(run, { ...input, newExamplesSince: since }, timeoutMs + (maxWaitMs ?? 0));
  } catch (error) {
    const { reason } = describeFailure(error, PRODUCTION_FAILED);
    const context = await run.context();
    run.apply((state) => productionLost(state, `It could not be started: ${reason}`, context));
  }
}

function productionTimeout({ trainer }: LifecyclePolicy): number {
  return (trainer.timeout + trainer.graceTime) * trainer.maxAttempts + PRODUCTION_OVERHEAD_MS;
}
