import fc from 'fast-check';
import type { Effect } from '../../../../src/domain/lifecycle/effects.ts';
import { applyFindings } from '../../../../src/domain/lifecycle/findings.ts';
import {
  checkPause,
  checkResume,
  pauseLifecycle,
  resumeLifecycle,
} from '../../../../src/domain/lifecycle/pause.ts';
import {
  productionFinished,
  productionNotStarted,
  productionStarted,
} from '../../../../src/domain/lifecycle/productions.ts';
import {
  championMoved,
  championNotMoved,
  promotionFinished,
} from '../../../../src/domain/lifecycle/promotions.ts';
import {
  beginRollback,
  checkRollback,
  rollbackDone,
  rollbackFailed,
} from '../../../../src/domain/lifecycle/rollbacks.ts';
import { initialLifecycle } from '../../../../src/domain/lifecycle/state.ts';
import type { LifecycleState } from '../../../../src/domain/lifecycle/state.ts';
import type { LifecycleContext, Transition } from '../../../../src/domain/lifecycle/transition.ts';
import { applyTrigger } from '../../../../src/domain/lifecycle/triggers.ts';
import { wake } from '../../../../src/domain/lifecycle/wake.ts';
import type { PromotionOutcome } from '../../../../src/contracts/workflows/lifecycle.ts';
import type { TriggerSource } from '../../../../src/domain/trigger.ts';
import { finding } from '../../../workflows/builders.ts';

const MINUTE_MS = 60_000;
export const RETRAINING = { coolDown: 60 * MINUTE_MS, dailyBudget: 6, maxStrikes: 3 };
const PERSON = { id: 'otto', roles: ['on-call'] } as const;

export type Step =
  | { readonly do: 'trigger'; readonly source: TriggerSource; readonly key: number }
  | { readonly do: 'carry_out'; readonly works: boolean }
  | { readonly do: 'end_production'; readonly works: boolean }
  | { readonly do: 'end_promotion'; readonly kind: PromotionOutcome['kind'] }
  | { readonly do: 'roll_back'; readonly to: number | undefined }
  | { readonly do: 'findings'; readonly critical: boolean; readonly ok: boolean }
  | { readonly do: 'pause' | 'resume' }
  | { readonly do: 'time'; readonly minutes: number };

const mostly = fc.integer({ min: 0, max: 5 }).map((n) => n > 0);
const outcome = fc.constantFrom<PromotionOutcome['kind']>(
  'passed',
  'passed',
  'passed',
  'rejected',
  'aborted',
  'failed',
);

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('trigger' as const),
      source: fc.constantFrom<TriggerSource>('api', 'webhook', 'schedule', 'finding'),
      key: fc.nat(40),
    }),
  },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('carry_out' as const), works: mostly }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('end_production' as const), works: mostly }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('end_promotion' as const), kind: outcome }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('roll_back' as const),
      to: fc.option(fc.nat(8), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('findings' as const), critical: fc.boolean(), ok: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pause' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('resume' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('time' as const), minutes: fc.integer({ min: 1, max: 900 }) }),
  },
);

/** The world beside the pure transitions: it carries effects out in any order in which the real one could. */
export class SimulatedWorld {
  state: LifecycleState = initialLifecycle();
  now = Date.UTC(2026, 0, 1);
  /** Who serves: moved by carried-out effects only. */
  champion: number | null = null;
  readonly passed = new Set<number>();
  readonly champions: number[] = [];
  readonly servedByAutomation: { readonly version: number; readonly rolledBack: readonly number[] }[] = [];
  private pending: Effect[] = [];
  private versions = 0;
  private passes = 0;

  context(): LifecycleContext {
    return { model: 'm', environment: 'e', retraining: RETRAINING, now: this.now };
  }

  apply<Answer>(transition: Transition<Answer>): Answer {
    this.state = transition.state;
    this.pending.push(...transition.effects.filter(({ kind }) => WORK.has(kind)));
    return transition.answer;
  }

  take(event: Step): void {
    const { state } = this;
    switch (event.do) {
      case 'trigger': {
        const key = `${event.source}-${event.key}`;
        const trigger = { key, source: event.source, reason: '', requestedBy: PERSON, requestedAt: this.now };
        this.apply(applyTrigger(state, trigger, this.context()));
        break;
      }
      case 'carry_out':
        this.carryOut(event.works);
        break;
      case 'end_production': {
        const version = state.production?.version;
        if (version === undefined) break;
        const failed = { kind: 'failed', version, code: 'X', reason: 'x' } as const;
        const outcome = event.works ? ({ kind: 'candidate', version } as const) : failed;
        this.apply(productionFinished(state, outcome, this.context()));
        break;
      }
      case 'end_promotion': {
        const { promotion } = state;
        if (promotion === null || this.pending.some(({ kind }) => kind === 'start_promotion')) break;
        const { version } = promotion;
        if (event.kind === 'passed') this.passed.add(version);
        const outcome = { kind: event.kind, version, reason: 'r', decisionId: 'd', baseline: null };
        this.apply(promotionFinished(state, outcome, this.context()));
        break;
      }
      case 'roll_back': {
        if (checkRollback(state, event.to) !== null) break;
        const order = { to: event.to, actor: PERSON, reason: 'r', automatic: false, incidentId: null };
        this.apply(beginRollback(state, order, this.context()));
        break;
      }
      case 'findings': {
        if (state.champion === null) break;
        this.passes += 1;
        const found = finding('kpi', state.champion, {
          status: event.ok ? 'ok' : 'breach',
          severity: event.critical ? 'critical' : 'warning',
          actions: ['alert', 'rollback', 'retrain'],
        });
        const report = { passId: String(this.passes), version: state.champion, findings: [found] };
        this.apply(applyFindings(state, report, this.context()));
        break;
      }
      case 'pause':
        if (checkPause(state) === null) {
          this.apply(pauseLifecycle(state, { actor: PERSON, reason: 'r' }, this.context()));
        }
        break;
      case 'resume':
        if (checkResume(state) === null) {
          this.apply(resumeLifecycle(state, { actor: PERSON, reason: 'r' }, this.context()));
        }
        break;
      case 'time':
        this.now += event.minutes * MINUTE_MS;
        this.apply(wake(this.state, this.context()));
        break;
    }
  }

  private carryOut(works: boolean): void {
    const effect = this.pending.shift();
    if (effect === undefined) return;
    const context = this.context();
    if (effect.kind === 'start_production') {
      if (!works) {
        this.apply(productionNotStarted(this.state, 'no database', context));
        return;
      }
      this.versions += 1;
      const deadline = this.now + 10_000 * MINUTE_MS;
      this.apply(
        productionStarted(this.state, { version: this.versions, specRevision: 1, deadline }, context),
      );
    } else if (effect.kind === 'promote_champion') {
      const { version } = effect;
      if (!works) {
        this.apply(championNotMoved(this.state, version, 'no database', context));
        return;
      }
      this.servedByAutomation.push({ version, rolledBack: this.state.rolledBack });
      this.move(effect.from, version);
      this.apply(
        championMoved(this.state, { version, generation: this.champions.length, reason: 'r' }, context),
      );
    } else if (effect.kind === 'roll_back') {
      const { rollback } = effect;
      const to = works ? rollback.targets[0] : undefined;
      if (to === undefined) {
        this.apply(rollbackFailed(this.state, 'does not load', context));
        return;
      }
      if (rollback.automatic) {
        this.servedByAutomation.push({ version: to, rolledBack: this.state.rolledBack });
      }
      this.move(rollback.from, to);
      const done = { to, generation: this.champions.length, detail: '' };
      this.apply(rollbackDone(this.state, done, context));
    }
  }

  /** What the registry does: it refuses a change that was decided against another champion. */
  private move(from: number | null, to: number): void {
    if (from !== this.champion) throw new Error(`champion is ${this.champion}, not ${from}`);
    this.champion = to;
    this.champions.push(to);
  }
}

const WORK = new Set<Effect['kind']>([
  'start_production',
  'start_promotion',
  'promote_champion',
  'roll_back',
]);
