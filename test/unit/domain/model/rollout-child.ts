import type { LifecyclePolicy } from '../../../../src/contracts/activities/control.ts';
import type { ByActor } from '../../../../src/contracts/workflows/lifecycle.ts';
import { systemActor } from '../../../../src/domain/actor.ts';
import type { Actor } from '../../../../src/domain/actor.ts';
import { nextStep } from '../../../../src/domain/rollout/next-step.ts';
import { isFinalLook } from '../../../../src/domain/rollout/proof.ts';
import { planRollout, routeOf } from '../../../../src/domain/rollout/plan.ts';
import type { RolloutStep } from '../../../../src/domain/rollout/plan.ts';
import type { RolloutState } from '../../../../src/domain/rollout/state.ts';
import {
  checkPromoteNow,
  checkResumeRollout,
  checkRunning,
  enterStep,
  finishRollout,
  hadTraffic,
  pauseRollout,
  recordLook,
  resumeRollout,
  startRollout,
} from '../../../../src/domain/rollout/transitions.ts';
import type { Verdict } from '../../../../src/domain/verdict.ts';
import type { Reference } from './reference.ts';
import { Refused } from './registry.ts';
import type { Registry } from './registry.ts';

interface Surroundings {
  readonly registry: Registry;
  readonly reference: Reference;
  now: number;
}

export type Steering = 'pause' | 'resume' | 'abort' | 'promote';

/** The workflow `rollOut` without its waiting: the same pure decisions in the same order, one at a time. */
export class RolloutChild {
  state: RolloutState;
  private readonly plan: readonly RolloutStep[];
  private abort: ByActor | null = null;
  private promote = false;
  private routed = false;

  private readonly version: number;
  private readonly champion: number | null;
  private readonly policy: LifecyclePolicy['rollout'];
  private readonly world: Surroundings;

  constructor(
    version: number,
    champion: number | null,
    policy: LifecyclePolicy['rollout'],
    world: Surroundings,
  ) {
    this.version = version;
    this.champion = champion;
    this.policy = policy;
    this.world = world;
    this.state = startRollout(version, champion, world.now);
    this.plan = planRollout(policy, champion);
  }

  /** When it looks next; null while it has something to do at once. */
  get nextLook(): number | null {
    const decision = this.decide();
    return decision?.kind === 'wait' ? decision.until : null;
  }

  steer(what: Steering, actor: Actor): boolean {
    const { now } = this.world;
    const refused = {
      pause: () => checkRunning(this.state),
      abort: () => checkRunning(this.state),
      resume: () => checkResumeRollout(this.state),
      promote: () => checkPromoteNow(this.state, actor),
    }[what]();
    if (refused !== null) return false;
    if (what === 'pause') this.state = pauseRollout(this.state, actor.id, 'r', now);
    else if (what === 'resume') this.state = resumeRollout(this.state, now);
    else if (what === 'abort') this.abort ??= { actor, reason: 'r' };
    else this.promote ||= this.abort === null;
    return true;
  }

  /** Does what is due without anybody's word; false when it waits for time or people. */
  proceed(loads = true): boolean {
    if (this.state.outcome !== null) return false;
    try {
      return this.go(loads);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.fail();
      return true;
    }
  }

  look(kind: Verdict['kind']): void {
    const until = this.nextLook;
    const step = this.plan[this.state.stepIndex];
    if (until === null || step === undefined) return;
    this.world.now = Math.max(this.world.now, until);
    const verdict = { kind, reason: 'r', by: 'x' } as Verdict;
    const { phase, weight } = step;
    const { now } = this.world;
    const final = isFinalLook(this.state, step, now);
    this.state = recordLook(this.state, { at: now, phase, weight, verdict, final, samples: null });
    if (kind === 'pass') this.world.reference.dossiers.get(this.version)?.passed.add(`${phase}/${weight}`);
  }

  /** What `failRollout` does: traffic back if that can be had, and a word about how it went. */
  fail(): void {
    try {
      this.restore('failed');
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.state = finishRollout(this.state, { kind: 'failed', reason: 'not restored' }, 0);
    }
  }

  private decide() {
    const step = this.plan[this.state.stepIndex];
    if (step === undefined || this.state.generation === null || this.state.outcome !== null) return null;
    if (this.abort !== null || this.promote) return null;
    return nextStep(this.state, step, this.policy, this.world.now);
  }

  private go(loads: boolean): boolean {
    if (this.abort !== null) return this.restore('aborted');
    if (this.promote) {
      this.serve({ phase: 'bake', weight: 100 }, this.plan.length - 1, 'promote-now');
      return this.pass();
    }
    if (this.state.generation === null) {
      if (!loads) throw new Refused('does not load');
      return this.serve(this.plan[0]!, 0);
    }
    const decision = this.decide();
    switch (decision?.kind) {
      case 'advance':
        return this.serve(this.plan[this.state.stepIndex + 1]!, this.state.stepIndex + 1);
      case 'finish':
        return this.pass();
      case 'ask':
      case 'pause':
        this.state = pauseRollout(this.state, 'system:rollout', decision.kind, this.world.now);
        return true;
      case 'abort':
        this.abort = { actor: systemActor('rollout'), reason: decision.reason };
        return true;
      default:
        return false;
    }
  }

  private serve(step: Pick<RolloutStep, 'phase' | 'weight'>, index: number, key = String(index)): true {
    const { registry, now } = this.world;
    if (this.state.phase !== step.phase) registry.move(this.version, step.phase);
    this.routed = true;
    this.state = { ...this.state, weight: step.weight };
    const route = routeOf(this.version, this.champion, step.weight);
    const generation = registry.setRoute(`rollout/${this.version}/${key}`, route);
    this.state = enterStep(this.state, step, { index, generation, now });
    return true;
  }

  private pass(): true {
    this.state = finishRollout(this.state, { kind: 'passed', reason: 'r' }, 100);
    return true;
  }

  private restore(kind: 'aborted' | 'failed'): true {
    const served = hadTraffic(this.state);
    const { registry } = this.world;
    if (this.champion !== null && this.routed) {
      registry.setRoute(`rollout/${this.version}/restore`, routeOf(this.champion, this.champion, 100));
    }
    registry.move(this.version, served && this.champion !== null ? 'rolled_back' : 'aborted');
    const outcome = kind === 'failed' || !served ? kind : this.champion === null ? 'failed' : 'rolled_back';
    this.state = finishRollout(this.state, { kind: outcome, reason: 'r' }, 0);
    return true;
  }
}
