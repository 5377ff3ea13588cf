import { getExternalWorkflowHandle, ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { OpenIncidentInput } from '../../src/contracts/activities/control.ts';
import {
  incidentWorkflowId,
  produceVersionId,
  promotionId,
  revalidationId,
} from '../../src/contracts/workflows/ids.ts';
import { probeSignal } from '../../src/contracts/workflows/lifecycle.ts';
import type { ProduceVersionInput } from '../../src/contracts/workflows/production.ts';
import type { PromoteVersionInput } from '../../src/contracts/workflows/promotion.ts';
import type { RevalidateVersionInput } from '../../src/contracts/workflows/revalidation.ts';
import { productionLost } from '../../src/domain/lifecycle/productions.ts';
import { promotionLost } from '../../src/domain/lifecycle/promotions.ts';
import { REVALIDATION_TIMEOUT_MS, revalidationLost } from '../../src/domain/lifecycle/revalidations.ts';
import { PRODUCTION_LOST, PROMOTION_FAILED, REVALIDATION_FAILED } from '../../src/errors/lifecycle-errors.ts';
import { describeFailure } from '../failures.ts';
import { handleIncident } from '../handle-incident.ts';
import type { LifecycleRun } from '../model-lifecycle.ts';
import { produceVersion } from '../produce-version.ts';
import { promoteVersion } from '../promote-version.ts';
import { revalidateVersion } from '../revalidate-version.ts';
import { startOnce } from '../start-once.ts';

/** Children outlive a run of the lifecycle (it carries itself on under new histories) and report by signal. */
const OUTLIVES = { parentClosePolicy: ParentClosePolicy.ABANDON } as const;

export async function startProduction(
  run: LifecycleRun,
  input: ProduceVersionInput,
  timeoutMs: number,
): Promise<void> {
  const { model, environment, version } = input;
  await startOnce(async () => {
    const child = await startChild(produceVersion, {
      ...OUTLIVES,
      workflowId: produceVersionId(input, version),
      args: [input],
      workflowExecutionTimeout: timeoutMs,
      staticSummary: `Produces ${model} version ${String(version)} in ${environment}`,
    });
    watch(child.result(), async (error) => {
      const context = await run.context();
      if (run.state.production?.version !== version) return;
      run.apply((state) => productionLost(state, describeFailure(error, PRODUCTION_LOST).reason, context));
    });
  });
}

export async function startPromotion(run: LifecycleRun, input: PromoteVersionInput): Promise<void> {
  const { model, environment, version } = input;
  await startOnce(async () => {
    const child = await startChild(promoteVersion, {
      ...OUTLIVES,
      workflowId: promotionId(input, version),
      args: [input],
      staticSummary: `Promotes ${model} version ${String(version)} in ${environment}`,
    });
    watch(child.result(), async (error) => {
      const context = await run.context();
      if (run.state.promotion?.version !== version) return;
      run.apply((state) => promotionLost(state, describeFailure(error, PROMOTION_FAILED).reason, context));
    });
  });
}

export async function startRevalidation(run: LifecycleRun, input: RevalidateVersionInput): Promise<void> {
  const { model, environment, version, id } = input;
  await startOnce(async () => {
    const child = await startChild(revalidateVersion, {
      ...OUTLIVES,
      workflowId: revalidationId(input, version),
      args: [input],
      workflowExecutionTimeout: REVALIDATION_TIMEOUT_MS,
      staticSummary: `Validates ${model} version ${String(version)} again in ${environment}`,
    });
    watch(child.result(), async (error) => {
      const context = await run.context();
      if (run.state.revalidation?.id !== id) return;
      run.apply((state) =>
        revalidationLost(state, describeFailure(error, REVALIDATION_FAILED).reason, context),
      );
    });
  });
}

export async function startIncident(incident: OpenIncidentInput): Promise<void> {
  const { incidentId, title } = incident;
  await startOnce(async () => {
    await startChild(handleIncident, {
      ...OUTLIVES,
      workflowId: incidentWorkflowId(incidentId),
      args: [{ ...incident, openedAt: Date.now() }],
      staticSummary: title,
    });
  });
}

/**
 * A new run can't wait for the results of children that an earlier run started. A signal that does nothing tells
 * whether they still live; one that reported before it closed was heard first, and is not in the state any more.
 */
export function probeChildren(run: LifecycleRun): void {
  const { production, promotion, revalidation } = run.state;
  if (production !== null) {
    void probe(produceVersionId(run.input, production.version), async () => {
      const context = await run.context();
      if (run.state.production?.version !== production.version) return;
      run.apply((state) => productionLost(state, 'It ended without a report.', context));
    });
  }
  if (promotion !== null) {
    void probe(promotionId(run.input, promotion.version), async () => {
      const context = await run.context();
      if (run.state.promotion?.version !== promotion.version) return;
      run.apply((state) => promotionLost(state, 'It ended without a report.', context));
    });
  }
  if (revalidation) {
    void probe(revalidationId(run.input, revalidation.version), async () => {
      const context = await run.context();
      if (run.state.revalidation?.id !== revalidation.id) return;
      run.apply((state) => revalidationLost(state, 'It ended without a report.', context));
    });
  }
}

async function probe(workflowId: string, onGone: () => Promise<void>): Promise<void> {
  try {
    await getExternalWorkflowHandle(workflowId).signal(probeSignal);
  } catch {
    await onGone();
  }
}

/** A failure that the child has not reported itself, as when it was terminated, timed out, or could not start. */
function watch(result: Promise<unknown>, onFailure: (error: unknown) => Promise<void>): void {
  result.then(
    () => undefined,
    (error: unknown) => onFailure(error),
  );
}
