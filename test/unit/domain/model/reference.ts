import type { LifecyclePolicy } from '../../../../src/contracts/activities/control.ts';
import type { Actor } from '../../../../src/domain/actor.ts';
import type { RouteWeights } from '../../../../src/domain/rollout/plan.ts';
import type { Trigger } from '../../../../src/domain/trigger.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The largest `maxStrikes` among the specs of the stories. */
const MOST_STRIKES = 3;

function isWanted({ source }: Pick<Trigger, 'source'>): boolean {
  return source === 'api' || source === 'webhook';
}

const requestersOf = (triggers: readonly Trigger[]): Set<string> =>
  new Set(triggers.map(({ requestedBy }) => requestedBy.id));

/** A rule of the product was broken. */
class Violation extends Error {}

export function must(holds: boolean, what: string): void {
  if (!holds) throw new Violation(what);
}

/** What the reference knows of one version on its way: what was shown, who said yes, which steps passed. */
interface Dossier {
  /** Everybody whose trigger it serves. */
  readonly requesters: ReadonlySet<string>;
  /** How many people have to say yes; 0 where the spec asks nobody. */
  readonly quorum: number;
  readonly steps: readonly string[];
  readonly automatic: boolean;
  /** The evidence as it is, until it was acted on. */
  gates: { readonly hash: string; readonly good: boolean } | null;
  released: boolean;
  asked: { readonly hash: string; readonly expiresAt: number } | null;
  yes: Map<string, Set<string>>;
  no: boolean;
  readonly passed: Set<string>;
  saidPromote: boolean;
}

/**
 * The rules in their most obvious form, without timers, queues or retries: who may serve, and who may be champion.
 * The world tells it what happens; it throws a `Violation` where that must never happen.
 */
export class Reference {
  paused = false;
  champion: number | null = null;
  /** In the order in which they became champion. */
  readonly reigns: number[] = [];
  /** Rolled back: at 0 %, and nobody but a person may bring them back. */
  readonly barred = new Set<number>();
  readonly namedByPeople = new Set<number>();
  /** Whether the newest word on the champion is a rollback to it: nobody goes further back without naming where to. */
  restored = false;
  readonly dossiers = new Map<number, Dossier>();
  /** Accepted triggers by key. */
  readonly accepted = new Set<string>();
  /** Pauses, resumes and rollbacks that were accepted: each is a decision on record in the end. */
  commands = 0;

  /** Versions that were to be validated again, and that nothing has come of yet. */
  readonly unanswered = new Set<number>();
  /** How many promotions of each version were started: each has an outcome on record in the end. */
  readonly promotions = new Map<number, number>();

  /** When productions were started, and for whom one has been asked since. */
  readonly starts: number[] = [];
  private waiting: Trigger[] = [];
  /** For whom the newest production was started, and each version was made. */
  private served = new Set<string>();
  private readonly requesters = new Map<number, Set<string>>();
  /** Whether somebody is among those for whom the newest production was started. */
  private wanted = false;
  private readonly gpuUse: { readonly at: number; readonly ms: number }[] = [];
  private lastAutomatic = 0;
  private readonly retrainings = new Map<string, number>();

  asked(trigger: Trigger): void {
    this.accepted.add(trigger.key);
    this.waiting.push(trigger);
  }

  /** One at a time (the world sees to that), never while paused, within the budget, cooled down if nobody asked. */
  productionStarted(key: string, retraining: LifecyclePolicy['retraining'], now: number): void {
    must(!this.paused, 'a production is started while paused');
    const isToday = (at: number): boolean => Math.floor(at / DAY_MS) === Math.floor(now / DAY_MS);
    must(this.starts.filter(isToday).length < retraining.dailyBudget, 'a production beyond the budget');
    const gpuMs = this.gpuUse.filter(({ at }) => isToday(at)).reduce((sum, { ms }) => sum + ms, 0);
    must(gpuMs < (retraining.gpuHoursPerDay ?? Infinity) * HOUR_MS, 'a production beyond the GPU hours');
    const somebody = this.waiting.some(isWanted);
    const last = this.starts.at(-1);
    must(
      somebody || last === undefined || now - last >= retraining.coolDown,
      'a production in the cool-down',
    );
    this.starts.push(now);
    this.served = requestersOf(this.waiting);
    this.waiting = [];
    this.wanted = somebody;
    const episode = /^(episode\/.*)\/retraining-\d+$/.exec(key)?.[1];
    if (episode === undefined) return;
    const count = (this.retrainings.get(episode) ?? 0) + 1;
    must(count <= MOST_STRIKES, 'an episode goes on after its last strike');
    this.retrainings.set(episode, count);
  }

  /** A run counts for the day on which it is heard of. */
  usedGpu(ms: number, at: number): void {
    this.gpuUse.push({ at, ms });
  }

  /** It was accepted that a version is validated again, or its evaluation is new: gates, or a word why not, follow. */
  asksForJudgement(version: number): void {
    this.unanswered.add(version);
  }

  answered(version: number): void {
    this.unanswered.delete(version);
  }

  numbered(version: number): void {
    this.requesters.set(version, this.served);
  }

  waitsForExamples(): void {
    must(!this.wanted, 'a version that somebody wants waits for new examples');
  }

  /** A production that waited serves what was asked before it went on, all of that, and nothing later. */
  taken(
    version: number,
    served: { readonly trigger?: Trigger; readonly absorbed?: readonly string[] },
  ): void {
    const { trigger, absorbed = [] } = served;
    const keys = new Set([...absorbed, trigger?.key]);
    const newest = this.waiting.findIndex(({ key }) => key === trigger?.key);
    must(
      this.waiting.every(({ key }, place) => keys.has(key) === place <= newest),
      'a waiting production serves others than those who asked before it went on',
    );
    for (const id of requestersOf(this.waiting.slice(0, newest + 1))) this.requesters.get(version)?.add(id);
    this.waiting = this.waiting.slice(newest + 1);
  }

  /** Automation tries once for each time that a version is champion; after that people decide. */
  rolledBackByItself(reign: number): void {
    must(this.lastAutomatic !== reign, 'automation rolls the same champion back twice');
    this.lastAutomatic = reign;
  }

  promotionStarted(): void {
    must(!this.paused, 'a promotion is started while paused');
  }

  open(version: number, policy: LifecyclePolicy, compared: boolean): void {
    this.promotions.set(version, (this.promotions.get(version) ?? 0) + 1);
    const { shadow, weights, automaticPromotion } = policy.rollout;
    const canaries = weights.filter((weight) => weight < 100).map((weight) => `canary/${String(weight)}`);
    const before = compared ? [...(shadow === null ? [] : ['shadow/0']), ...canaries] : [];
    this.dossiers.set(version, {
      requesters: this.requesters.get(version) ?? new Set(),
      quorum: policy.approval?.quorum ?? 0,
      steps: [...before, 'bake/100'],
      automatic: automaticPromotion,
      gates: null,
      released: false,
      asked: null,
      yes: new Map(),
      // Votes are given anew to every promotion of a version; a rejection is the last word on it.
      no: this.dossiers.get(version)?.no ?? false,
      passed: new Set(),
      saidPromote: false,
    });
  }

  /** Evidence counts as it is when the version is let out into the rollout; what comes later is for monitors. */
  evidence(version: number, gates: { readonly hash: string; readonly good: boolean }): void {
    const dossier = this.dossiers.get(version);
    if (dossier !== undefined && !dossier.released) dossier.gates = gates;
  }

  /** Whether a vote has to be taken: open, in time, on what was shown, by a role, once, not by a requester. */
  takesVote(version: number, vote: { actor: Actor; approve: boolean; hash: string }, now: number): boolean {
    const dossier = this.dossiers.get(version);
    if (!dossier?.asked || dossier.no || now >= dossier.asked.expiresAt) return false;
    const { hash } = dossier.asked;
    const yes = dossier.yes.get(hash) ?? new Set();
    if (vote.hash !== hash || yes.size >= dossier.quorum || yes.has(vote.actor.id)) return false;
    if (!vote.actor.roles.includes('ml-engineer')) return false;
    return !vote.approve || !dossier.requesters.has(vote.actor.id);
  }

  voted(version: number, vote: { actor: Actor; approve: boolean; hash: string }): void {
    const dossier = this.dossiers.get(version);
    if (dossier === undefined) return;
    if (!vote.approve) dossier.no = true;
    else dossier.yes.set(vote.hash, new Set(dossier.yes.get(vote.hash)).add(vote.actor.id));
  }

  routed({ weights, shadow }: RouteWeights): void {
    const sum = weights.reduce((total, { weight }) => total + weight, 0);
    must(sum === 100 && weights.every(({ weight }) => weight > 0), `weights sum to ${sum}`);
    for (const { version } of weights) this.mayServe(version);
    for (const version of shadow) this.mayServe(version);
  }

  championMoved(version: number, rollback: boolean): void {
    this.mayServe(version);
    if (rollback && this.champion !== null) this.barred.add(this.champion);
    if (rollback) must(this.reigns.includes(version), `${version} has never been champion`);
    else this.mayWin(version);
    this.champion = version;
    this.restored = rollback;
    this.reigns.push(version);
  }

  /** Live requests reach only what reigned before, or what passed its gates and was approved on that evidence. */
  private mayServe(version: number): void {
    must(
      !this.barred.has(version) || this.namedByPeople.has(version),
      `${version} serves after its rollback`,
    );
    if (this.reigns.includes(version)) return;
    const dossier = this.dossiers.get(version);
    const { gates = null, yes, quorum = 0, no } = dossier ?? {};
    must(gates?.good === true, `${version} serves without gates that passed`);
    must(no !== true, `${version} serves although somebody said no`);
    must((yes?.get(gates?.hash ?? '')?.size ?? 0) >= quorum, `${version} serves without approval`);
  }

  private mayWin(version: number): void {
    const dossier = this.dossiers.get(version);
    if (dossier?.saidPromote === true) return;
    must(dossier?.automatic === true, `${version} is champion, and no person said promote`);
    const missing = dossier?.steps.filter((step) => !dossier.passed.has(step)) ?? [];
    must(missing.length === 0, `${version} is champion without a passing look at ${missing.join(', ')}`);
  }
}
