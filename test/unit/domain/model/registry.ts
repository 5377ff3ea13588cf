import type { Decision } from '../../../../src/contracts/activities/control.ts';
import { canMove } from '../../../../src/domain/version-stage.ts';
import type { VersionStage } from '../../../../src/domain/version-stage.ts';
import type { RouteWeights } from '../../../../src/domain/rollout/plan.ts';
import type { Trigger } from '../../../../src/domain/trigger.ts';
import type { Reference } from './reference.ts';

/** What the real registry refuses too, such as a stage that can't follow another: the caller has to live with it. */
export class Refused extends Error {}

type Written = Pick<Decision, 'decisionId' | 'version' | 'kind' | 'outcome' | 'evidence'>;

/** The stages in which the real registry lets a version take requests. */
const ROUTABLE: ReadonlySet<VersionStage> = new Set(['approved', 'shadow', 'canary', 'bake', 'champion']);

/** What is: stages, route, decisions, as PostgreSQL would hold them. The reference judges each change of traffic. */
export class Registry {
  readonly stages = new Map<number, VersionStage>();
  readonly decisions = new Map<string, Written>();
  readonly incidents = new Set<string>();
  champion: number | null = null;
  route: RouteWeights = { weights: [], shadow: [] };
  private readonly versions = new Map<string, number>();
  private readonly triggers = new Map<number, Trigger>();
  private readonly generations = new Map<string, number>();

  private readonly reference: Reference;

  constructor(reference: Reference) {
    this.reference = reference;
  }

  allocate(trigger: Trigger): number {
    const { key } = trigger;
    const known = this.versions.get(key);
    if (known !== undefined) return known;
    const version = this.versions.size + 1;
    this.versions.set(key, version);
    this.stages.set(version, 'producing');
    this.triggers.set(version, trigger);
    return version;
  }

  /** The trigger that a version is made for: the one that it took while it waited, or the one that started it. */
  triggerOf(version: number): Trigger {
    const taken = [...this.decisions.values()].find(
      (one) => one.version === version && one.outcome === 'taken',
    );
    return (taken?.evidence['trigger'] ?? this.triggers.get(version)) as Trigger;
  }

  /** Its stage while its gates may still be judged again, else null. */
  openStage(version: number): 'candidate' | 'validated' | null {
    const stage = this.stages.get(version);
    return stage === 'candidate' || stage === 'validated' ? stage : null;
  }

  record(decision: Written): void {
    if (!this.decisions.has(decision.decisionId)) this.decisions.set(decision.decisionId, decision);
  }

  move(version: number, stage: VersionStage): void {
    const from = this.stages.get(version);
    if (from === stage) return;
    if (from === undefined || !canMove(from, stage)) throw new Refused(`${String(from)} to ${stage}`);
    this.stages.set(version, stage);
  }

  setRoute(key: string, route: RouteWeights): number {
    const known = this.generations.get(key);
    if (known !== undefined) return known;
    for (const version of [...route.weights.map((share) => share.version), ...route.shadow]) {
      const stage = this.stages.get(version);
      if (stage === undefined || !ROUTABLE.has(stage)) throw new Refused(`${version} is ${String(stage)}`);
    }
    this.reference.routed(route);
    this.route = route;
    this.generations.set(key, this.generations.size + 1);
    return this.generations.size;
  }

  /** Moves the champion with its stages and its route in one transaction, or not at all. */
  makeChampion(key: string, change: { version: number; from: number | null; rollback: boolean }): number {
    const known = this.generations.get(key);
    if (known !== undefined) return known;
    const { version, from, rollback } = change;
    if (from !== this.champion || version === from) throw new Refused(`champion is ${String(this.champion)}`);
    const next = this.stages.get(version);
    if (next === undefined || !canMove(next, 'champion')) throw new Refused(`${version} is ${String(next)}`);
    if (from !== null) this.move(from, rollback ? 'rolled_back' : 'retired');
    this.move(version, 'champion');
    this.champion = version;
    this.reference.championMoved(version, rollback);
    return this.setRoute(key, { weights: [{ version, weight: 100 }], shadow: [] });
  }
}
