import { lifecycleId, promotionId } from '../../src/contracts/workflows/ids.ts';
import { systemActor } from '../../src/domain/actor.ts';
import type { Effect } from '../../src/domain/lifecycle/effects.ts';
import { championMoved, championNotMoved } from '../../src/domain/lifecycle/promotions.ts';
import { rollbackDone, rollbackFailed } from '../../src/domain/lifecycle/rollbacks.ts';
import type { RollbackState } from '../../src/domain/lifecycle/state.ts';
import { routeOf } from '../../src/domain/rollout/plan.ts';
import { PROMOTION_FAILED, ROLLBACK_FAILED } from '../../src/errors/lifecycle-errors.ts';
import { awaitRoute, promoteChampion, setRoute, verifyLoadable } from '../activity-proxies.ts';
import { describeFailure } from '../failures.ts';
import type { LifecycleRun } from '../model-lifecycle.ts';

type Of<Kind extends Effect['kind']> = Extract<Effect, { kind: Kind }>;

/** Makes the version that passed champion; alias, stages, route and audit move in one transaction. */
export async function promote(run: LifecycleRun, effect: Of<'promote_champion'>): Promise<void> {
  const { model, environment } = run.input;
  const { version, from, decisionId, baseline, reason } = effect;
  let generation: number;
  try {
    ({ generation } = await promoteChampion.executeWithOptions({ summary: `version ${String(version)}` }, [
      {
        model,
        environment,
        key: promotionId(run.input, version),
        version,
        from,
        kind: 'promotion',
        decisionId,
        actor: systemActor('lifecycle'),
        reason,
        baseline,
      },
    ]));
  } catch (error) {
    const { code, reason: why } = describeFailure(error, PROMOTION_FAILED);
    const context = await run.context();
    run.apply((state) => championNotMoved(state, version, `${code}: ${why}`, context));
    return;
  }
  const context = await run.context();
  run.apply((state) => championMoved(state, { version, generation, reason }, context));
}

/**
 * Goes through the targets until one loads and is served. A target is verified before the pointer moves; that
 * gateways have not confirmed yet does not undo a rollback, it is told.
 */
export async function rollBack(run: LifecycleRun, rollback: RollbackState): Promise<void> {
  const { model, environment } = run.input;
  const { id, from, targets, actor, reason } = rollback;
  const refusals: string[] = [];
  for (const version of targets) {
    let generation: number;
    try {
      await verifyLoadable({ model, environment, version });
      ({ generation } = await promoteChampion.executeWithOptions(
        { summary: `back to version ${String(version)}` },
        [
          {
            model,
            environment,
            key: `${lifecycleId(run.input)}/rollback/${id}/${String(version)}`,
            version,
            from,
            kind: 'rollback',
            decisionId: null,
            actor,
            reason,
            baseline: null,
          },
        ],
      ));
    } catch (error) {
      const { code, reason: why } = describeFailure(error, ROLLBACK_FAILED);
      refusals.push(`version ${String(version)}: ${code}: ${why}`);
      continue;
    }
    const detail = `${await confirmation(run, generation)} ${refusals.join('; ')}`.trim();
    const context = await run.context();
    run.apply((state) => rollbackDone(state, { to: version, generation, detail }, context));
    return;
  }
  const context = await run.context();
  run.apply((state) => rollbackFailed(state, refusals.join('; ') || 'no target', context));
}

/** Puts all traffic on the champion after a promotion that could not finish. */
export async function restoreRoute(run: LifecycleRun, effect: Of<'restore_route'>): Promise<void> {
  const { model, environment } = run.input;
  const { champion, reason } = effect;
  await setRoute({
    model,
    environment,
    key: `${lifecycleId(run.input)}/${effect.key}`,
    ...routeOf(champion, champion, 100),
    reason,
    actor: systemActor('lifecycle'),
  });
}

async function confirmation(run: LifecycleRun, generation: number): Promise<string> {
  const { model, environment } = run.input;
  try {
    const { gateways } = await awaitRoute({ model, environment, generation });
    return `Confirmed by ${gateways === 1 ? '1 gateway' : `${String(gateways)} gateways`}.`;
  } catch (error) {
    return `Not every gateway has confirmed it yet: ${describeFailure(error, ROLLBACK_FAILED).reason}`;
  }
}
