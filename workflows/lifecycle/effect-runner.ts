import { getExternalWorkflowHandle, log, patched } from '@temporalio/workflow';
import { incidentWorkflowId, produceVersionId, promotionId } from '../../src/contracts/workflows/ids.ts';
import { incidentNoteSignal } from '../../src/contracts/workflows/incident.ts';
import { hastenSignal } from '../../src/contracts/workflows/production.ts';
import { abortPromotionSignal, evidenceChangedSignal } from '../../src/contracts/workflows/promotion.ts';
import { systemActor } from '../../src/domain/actor.ts';
import { LANE } from '../../src/domain/lifecycle/effects.ts';
import type { Effect, EffectLane } from '../../src/domain/lifecycle/effects.ts';
import { promotionLost } from '../../src/domain/lifecycle/promotions.ts';
import { assertNever } from '../../src/errors/assert-never.ts';
import { PROMOTION_FAILED } from '../../src/errors/lifecycle-errors.ts';
import { recordDecision, setStage } from '../activity-proxies.ts';
import { describeFailure } from '../failures.ts';
import { createLane } from '../lane.ts';
import type { Lane } from '../lane.ts';
import type { LifecycleRun } from '../model-lifecycle.ts';
import { tell } from '../send-notice.ts';
import { startIncident, startPromotion, startRevalidation } from './children.ts';
import { startVersion } from './production.ts';
import { promote, restoreRoute, rollBack } from './serving.ts';

const LANES = [...new Set(Object.values(LANE))];

/** Carries effects out, each in its lane. A rollback never waits for a message that can't be delivered. */
export function createEffectRunner(run: LifecycleRun): { carryOut(effect: Effect): void; idle(): boolean } {
  const lanes = new Map<EffectLane, Lane>(
    LANES.map((name) => [
      name,
      createLane((error) => {
        const { code, reason } = describeFailure(error, PROMOTION_FAILED);
        log.error(`an effect in lane ${name} failed`, { code, reason });
      }),
    ]),
  );
  return {
    carryOut(effect) {
      lanes.get(LANE[effect.kind])?.add(() => carryOut(run, effect));
    },
    idle: () => [...lanes.values()].every((lane) => lane.idle()),
  };
}

async function carryOut(run: LifecycleRun, effect: Effect): Promise<void> {
  const { model, environment } = run.input;
  switch (effect.kind) {
    case 'start_production':
      return await startVersion(run, effect.trigger);
    case 'hasten_production':
      return await hastenProduction(run, effect);
    case 'start_promotion': {
      const { kind: _kind, ...promotion } = effect;
      return await startPromotion(run, { model, environment, ...promotion });
    }
    case 'start_revalidation': {
      const { kind: _kind, ...revalidation } = effect;
      return await startRevalidation(run, { model, environment, ...revalidation });
    }
    case 'announce_evidence':
      return await announceEvidence(run, effect);
    case 'abort_promotion':
      return await abortPromotion(run, effect);
    case 'promote_champion':
      return await promote(run, effect);
    case 'roll_back':
      return await rollBack(run, effect.rollback);
    case 'restore_route':
      return await restoreRoute(run, effect);
    case 'set_stage': {
      const { version, stage, reason } = effect;
      const actor = systemActor('lifecycle');
      return await setStage({ model, environment, version, stage, reason, actor });
    }
    case 'record_decision':
      return await recordDecision({ model, environment, ...effect.decision });
    case 'open_incident':
      return await startIncident({ model, environment, ...effect.incident });
    case 'note_incident':
      return await noteIncident(effect);
    case 'notify':
      return await tell({ model, environment, ...effect.notice });
    default:
      assertNever(effect, 'effect');
  }
}

async function hastenProduction(
  run: LifecycleRun,
  { version, trigger }: Extract<Effect, { kind: 'hasten_production' }>,
): Promise<void> {
  try {
    await getExternalWorkflowHandle(produceVersionId(run.input, version)).signal(hastenSignal, trigger);
  } catch {
    log.info('a trigger came when its production had ended', { version, key: trigger.key });
  }
}

async function abortPromotion(
  run: LifecycleRun,
  { version, actor, reason }: Extract<Effect, { kind: 'abort_promotion' }>,
): Promise<void> {
  try {
    const handle = getExternalWorkflowHandle(promotionId(run.input, version));
    await handle.signal(abortPromotionSignal, { actor, reason });
  } catch {
    await promotionGone(run, version);
  }
}

/** Nobody is there to be told. Had it ended by itself, its report would have come before this failure. */
async function promotionGone(run: LifecycleRun, version: number): Promise<void> {
  const context = await run.context();
  if (run.state.promotion?.version !== version) return;
  run.apply((state) => promotionLost(state, 'It ended without a report.', context));
}

async function announceEvidence(
  run: LifecycleRun,
  { version, reason }: Extract<Effect, { kind: 'announce_evidence' }>,
): Promise<void> {
  try {
    await getExternalWorkflowHandle(promotionId(run.input, version)).signal(evidenceChangedSignal, {
      reason,
    });
  } catch {
    log.info('new evidence came after the promotion had ended', { version });
    if (patched('evidence-finds-a-lost-promotion')) await promotionGone(run, version);
  }
}

async function noteIncident({
  incidentId,
  ...note
}: Extract<Effect, { kind: 'note_incident' }>): Promise<void> {
  try {
    const { key, text, resolves } = note;
    await getExternalWorkflowHandle(incidentWorkflowId(incidentId)).signal(incidentNoteSignal, {
      key,
      text,
      resolves,
    });
  } catch {
    log.info('a note came after its incident was resolved', { incidentId, key: note.key });
  }
}
