import type { Effect } from '../../../../src/domain/lifecycle/effects.ts';
import { productionNotStarted, productionStarted } from '../../../../src/domain/lifecycle/productions.ts';
import {
  championMoved,
  championNotMoved,
  promotionLost,
} from '../../../../src/domain/lifecycle/promotions.ts';
import { rollbackDone, rollbackFailed } from '../../../../src/domain/lifecycle/rollbacks.ts';
import { move } from '../../../../src/domain/lifecycle/transition.ts';
import { routeOf } from '../../../../src/domain/rollout/plan.ts';
import { POLICIES } from './policies.ts';
import { PromotionChild } from './promotion-child.ts';
import { Refused } from './registry.ts';
import { startRevalidation } from './revalidations.ts';
import type { World } from './world.ts';

type Of<Kind extends Effect['kind']> = Extract<Effect, { kind: Kind }>;
const MINUTE_MS = 60_000;
const PRODUCTION_MS = 3 * 86_400_000;

/** What an effect does to the world; answers what it has to tell the lifecycle afterwards, if anything. */
export function act(world: World, effect: Effect, works: boolean): (() => void) | null {
  const { registry } = world;
  switch (effect.kind) {
    case 'start_production':
      return startProduction(world, effect, works);
    case 'hasten_production': {
      const production = world.productions.get(effect.version);
      if (production?.waits === true) production.asked ??= effect.trigger;
      return null;
    }
    case 'start_promotion':
      startPromotion(world, effect);
      return null;
    case 'abort_promotion': {
      const { version, actor, reason } = effect;
      const promotion = world.promotions.get(version);
      if (promotion === undefined) return () => world.apply((s, c) => gone(s, version, c));
      promotion.child.aborted({ actor, reason });
      return null;
    }
    case 'promote_champion':
      return promote(world, effect, works);
    case 'roll_back':
      return rollBack(world, effect.rollback, works);
    case 'restore_route':
      tolerate(() => registry.setRoute(effect.key, routeOf(effect.champion, effect.champion, 100)));
      return null;
    case 'set_stage':
      tolerate(() => registry.move(effect.version, effect.stage));
      return null;
    case 'record_decision':
      registry.record(effect.decision);
      if (effect.decision.kind === 'revalidation' && effect.decision.outcome === 'failed')
        world.reference.answered(effect.decision.version ?? 0);
      return null;
    case 'open_incident':
      registry.incidents.add(effect.incident.incidentId);
      return null;
    case 'note_incident':
    case 'notify':
      return null;
    case 'start_revalidation':
      if (works) startRevalidation(world, effect);
      return null;
    case 'announce_evidence': {
      const { version } = effect;
      const promotion = world.promotions.get(version);
      if (promotion === undefined) return () => world.apply((s, c) => gone(s, version, c));
      promotion.child.evidenceChanged();
      // From here it is the promotion's to judge, also where somebody terminates that before it does.
      world.reference.answered(version);
      return null;
    }
  }
}

function gone(
  ...[state, version, context]: [
    Parameters<typeof promotionLost>[0],
    number,
    Parameters<typeof promotionLost>[2],
  ]
) {
  if (state.promotion?.version !== version) return move(state);
  return promotionLost(state, 'It ended without a report.', context);
}

function startProduction(world: World, { trigger }: Of<'start_production'>, works: boolean): () => void {
  if (!works)
    return () => world.apply((state, context) => productionNotStarted(state, 'no database', context));
  const version = world.registry.allocate(trigger);
  world.reference.numbered(version);
  return () => {
    const specRevision = POLICIES.indexOf(world.policy) + 1;
    const deadline = world.now + PRODUCTION_MS;
    const maxWaitMs = world.policy.retraining.newExamples?.maxWait;
    const since = world.apply((state, context) =>
      productionStarted(state, { version, specRevision, deadline, maxWaitMs }, context),
    );
    const timesOutAt = deadline + (since === null ? 0 : (maxWaitMs ?? 0)) - MINUTE_MS;
    world.productions.set(version, { run: world.run, timesOutAt, waits: since !== null, asked: null });
  };
}

function startPromotion(world: World, effect: Of<'start_promotion'>): void {
  const { kind: _kind, ...promotion } = effect;
  const { version, champion, specRevision } = promotion;
  const policy = POLICIES[specRevision - 1] ?? world.policy;
  world.reference.open(version, policy, champion !== null);
  world.judge(version, world.gates(version).verdict.kind);
  const input = { model: 'm', environment: 'e', ...promotion };
  world.promotions.set(version, { run: world.run, child: new PromotionChild(input, policy, world) });
}

function promote(world: World, effect: Of<'promote_champion'>, works: boolean): () => void {
  const { version, from, reason } = effect;
  try {
    if (!works) throw new Refused('no database');
    const generation = world.registry.makeChampion(`promotion/${String(version)}`, {
      version,
      from,
      rollback: false,
    });
    return () =>
      world.apply((state, context) => championMoved(state, { version, generation, reason }, context));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return () => world.apply((state, context) => championNotMoved(state, version, error.message, context));
  }
}

function rollBack(world: World, rollback: Of<'roll_back'>['rollback'], works: boolean): () => void {
  for (const to of works ? rollback.targets : []) {
    try {
      if (!world.loads(to)) throw new Refused('does not load');
      const change = { version: to, from: rollback.from, rollback: true };
      const generation = world.registry.makeChampion(`rollback/${rollback.id}/${String(to)}`, change);
      return () =>
        world.apply((state, context) => rollbackDone(state, { to, generation, detail: '' }, context));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
  return () => {
    world.reference.restored = false;
    world.apply((state, context) => rollbackFailed(state, 'no target', context));
  };
}

/** The real lane logs such a refusal and goes on. */
function tolerate(task: () => unknown): void {
  try {
    task();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
}
