import type { LifecyclePolicy } from '../../../../src/contracts/activities/control.ts';
import { LANE } from '../../../../src/domain/lifecycle/effects.ts';
import type { Effect, EffectLane } from '../../../../src/domain/lifecycle/effects.ts';
import {
  productionFinished,
  productionLost,
  triggerTaken,
} from '../../../../src/domain/lifecycle/productions.ts';
import { promotionFinished, promotionLost } from '../../../../src/domain/lifecycle/promotions.ts';
import { initialLifecycle } from '../../../../src/domain/lifecycle/state.ts';
import type { LifecycleState } from '../../../../src/domain/lifecycle/state.ts';
import type { LifecycleContext, Transition } from '../../../../src/domain/lifecycle/transition.ts';
import { nextWake, wake } from '../../../../src/domain/lifecycle/wake.ts';
import type { GateReport } from '../../../../src/domain/gate-report.ts';
import type { Trigger } from '../../../../src/domain/trigger.ts';
import type { Verdict } from '../../../../src/domain/verdict.ts';
import { gateReport } from '../../../workflows/builders.ts';
import { act } from './act.ts';
import { POLICIES } from './policies.ts';
import type { PromotionChild } from './promotion-child.ts';
import { must, Reference } from './reference.ts';
import { Registry } from './registry.ts';
import { loseRevalidation, tellLost } from './revalidations.ts';
import type { Revalidation } from './revalidations.ts';
import type { RolloutChild } from './rollout-child.ts';

interface Production {
  readonly run: number;
  readonly timesOutAt: number;
  /** Whether it still waits for new examples, and who wanted a version meanwhile. */
  waits: boolean;
  asked: Trigger | null;
}

/** Far more than fall due at any one time. */
const MOST_TIMERS = 1_000;
const GOOD: readonly Verdict['kind'][] = ['pass', 'overridden'];

/**
 * One lifecycle with all that is around it: effects that wait in their lanes and are carried out whenever, children
 * that live by themselves and report by mail, a registry, and a clock. It decides nothing: every choice is a step's.
 */
export class World {
  now = Date.UTC(2026, 0, 1, 20);
  state: LifecycleState = initialLifecycle();
  policy: LifecyclePolicy = POLICIES[0];
  readonly reference = new Reference();
  readonly registry = new Registry(this.reference);
  readonly lanes = new Map<EffectLane, Effect[]>();
  /** What an effect that happened has still to tell the lifecycle; its lane waits for that. */
  readonly unheard = new Map<EffectLane, () => void>();
  /** Signals on their way to the lifecycle, in the order in which they were sent. */
  readonly mail: (() => void)[] = [];
  readonly productions = new Map<number, Production>();
  readonly promotions = new Map<number, { readonly run: number; readonly child: PromotionChild }>();
  readonly revalidations = new Map<number, Revalidation>();
  /** Rollouts whose promotion was terminated: they clean up whenever their worker gets to it. */
  readonly orphans: RolloutChild[] = [];
  /** Counts the runs of the workflow: a new one can't wait for the results of children of an earlier one. */
  run = 1;
  /** How many children were terminated so far. */
  terminated = 0;
  /** Bits: whether the version of that number loads. */
  broken = 0;
  /** Counts the champions that the lifecycle has been told of. */
  private reign = 0;
  private readonly verdicts = new Map<number, { kind: Verdict['kind']; revision: number }>();

  context(): LifecycleContext {
    return { model: 'm', environment: 'e', retraining: this.policy.retraining, now: this.now };
  }

  /** Applies a transition, queues its effects, and lets the main loop of the workflow take its turn. */
  apply<Answer>(change: (state: LifecycleState, context: LifecycleContext) => Transition<Answer>): Answer {
    const { answer } = this.take(change);
    this.take(wake);
    return answer;
  }

  advance(to: number): void {
    for (let timers = 0; ; timers += 1) {
      must(timers < MOST_TIMERS, 'a timer fires again and again');
      const [late] = [...this.productions].filter(([, { timesOutAt }]) => timesOutAt <= this.now);
      if (late !== undefined) this.terminate(late[0]);
      for (const [version, { timesOutAt }] of this.revalidations)
        if (timesOutAt <= this.now) loseRevalidation(this, version);
      const children = [...this.productions.values(), ...this.revalidations.values()];
      const ends = children.map(({ timesOutAt }) => timesOutAt);
      const at = Math.min(nextWake(this.state, this.context()) ?? Infinity, ...ends);
      if (at > to) break;
      this.now = Math.max(this.now, at);
      this.take(wake);
    }
    this.now = Math.max(this.now, to);
    this.take(wake);
  }

  /** The next thing in a lane: what happened is told, or the next effect happens. False for an idle lane. */
  carryOut(lane: EffectLane, works: boolean): boolean {
    const tell = this.unheard.get(lane);
    this.unheard.delete(lane);
    if (tell !== undefined) {
      tell();
      return true;
    }
    const effect = this.lanes.get(lane)?.shift();
    if (effect === undefined) return false;
    const told = act(this, effect, works);
    if (told !== null) this.unheard.set(lane, told);
    return true;
  }

  idle(): boolean {
    return this.unheard.size === 0 && [...this.lanes.values()].every((queue) => queue.length === 0);
  }

  /** Continue-as-new, where the workflow would: nothing under way. Children that are gone are found by a probe. */
  restart(): void {
    this.state = JSON.parse(JSON.stringify(this.state)) as LifecycleState;
    this.run += 1;
    const { production, promotion, revalidation } = this.state;
    if (production !== null && !this.productions.has(production.version))
      this.lost('production', production.version);
    if (promotion !== null && !this.promotions.has(promotion.version))
      this.lost('promotion', promotion.version);
    if (revalidation && !this.revalidations.has(revalidation.version)) tellLost(this, revalidation.id);
    this.take(wake);
  }

  /** A production that waits looks: it takes what it has been asked by then, or goes on with what there is. */
  goOn(version: number): void {
    const production = this.productions.get(version);
    if (production?.waits !== true) return;
    production.waits = false;
    const { asked } = production;
    if (asked === null) return;
    this.mail.push(() =>
      this.apply((state, context) => triggerTaken(state, { version, trigger: asked }, context)),
    );
  }

  /** A production ends with its report; a promotion does it in `proceed`. */
  endProduction(version: number, works: boolean, gpuMs = 0): void {
    this.productions.delete(version);
    this.registry.move(version, works ? 'candidate' : 'failed');
    const failed = { kind: 'failed', version, code: 'X', reason: 'r', gpuMs } as const;
    const outcome = works ? ({ kind: 'candidate', version, gpuMs } as const) : failed;
    if (!works) this.recordEnd(version, 'production');
    this.mail.push(() => {
      if (this.state.production?.version === version) this.reference.usedGpu(gpuMs, this.now);
      this.apply((state, context) => productionFinished(state, outcome, context));
    });
  }

  proceed(version: number): boolean {
    const child = this.promotions.get(version)?.child;
    if (child?.proceed(this.loads(version)) !== true) return false;
    const { outcome } = child;
    if (outcome !== null) {
      this.promotions.delete(version);
      this.mail.push(() => this.apply((state, context) => promotionFinished(state, outcome, context)));
    }
    return true;
  }

  /** Somebody terminates a child by hand: it reports nothing, and only the run that started it is told. */
  terminate(version: number): void {
    const kind = this.productions.has(version) ? 'production' : 'promotion';
    const run = (this.productions.get(version) ?? this.promotions.get(version))?.run;
    const rollout = this.promotions.get(version)?.child.rollout ?? null;
    if (rollout !== null && rollout.state.outcome === null) this.orphans.push(rollout);
    this.productions.delete(version);
    this.promotions.delete(version);
    this.terminated += 1;
    if (run === this.run) this.lost(kind, version);
  }

  gates(version: number): GateReport {
    const { kind, revision } = this.verdicts.get(version) ?? { kind: 'pass', revision: 0 };
    const verdict = { kind, reason: 'r', by: 'x' } as Verdict;
    return gateReport(version, this.state.champion, verdict, `${String(version)}/${String(revision)}`);
  }

  judge(version: number, kind: Verdict['kind']): void {
    const { revision } = this.verdicts.get(version) ?? { revision: 0 };
    this.verdicts.set(version, { kind, revision: revision + 1 });
    const hash = this.gates(version).evidenceHash;
    this.reference.evidence(version, { hash, good: GOOD.includes(kind) });
  }

  loads(version: number): boolean {
    return ((this.broken >> (version % 8)) & 1) === 0;
  }

  recordEnd(version: number, kind: 'production' | 'promotion'): void {
    const decisionId = `${kind}/${String(version)}/outcome`;
    this.registry.record({ decisionId, version, kind, outcome: 'failed', evidence: {} });
  }

  private lost(kind: 'production' | 'promotion', version: number): void {
    const change = kind === 'production' ? productionLost : promotionLost;
    this.mail.push(() => {
      if (this.state[kind]?.version === version) {
        this.apply((state, context) => change(state, 'It ended without a report.', context));
      }
    });
  }

  private take<Answer>(change: (state: LifecycleState, context: LifecycleContext) => Transition<Answer>) {
    const { starting, production, promotion, rollback, champion } = this.state;
    const transition = change(this.state, this.context());
    this.state = transition.state;
    if (this.state.champion !== champion) this.reign += 1;
    const begun = this.state.rollback;
    if (begun?.automatic === true && begun.id !== rollback?.id) this.reference.rolledBackByItself(this.reign);
    const made = this.state.production;
    if (made?.newExamples && made.version !== production?.version) this.reference.waitsForExamples();
    for (const effect of transition.effects) {
      if (effect.kind === 'record_decision' && effect.decision.outcome === 'taken')
        this.reference.taken(effect.decision.version ?? 0, effect.decision.evidence);
      if (effect.kind === 'start_production') {
        must(starting === null || this.state.starting !== starting, 'a production is started twice');
        this.reference.productionStarted(effect.trigger.key, this.policy.retraining, this.now);
      }
      if (effect.kind === 'promote_champion') {
        must(rollback?.status !== 'waiting', 'a version is promoted although a rollback was ordered');
      }
      if (effect.kind === 'start_promotion') {
        must(promotion === null || this.state.promotion !== promotion, 'a promotion is started twice');
        this.reference.promotionStarted();
      }
      const lane = LANE[effect.kind];
      this.lanes.set(lane, [...(this.lanes.get(lane) ?? []), effect]);
    }
    return transition;
  }
}
