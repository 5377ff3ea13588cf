import type { Actor } from '../actor.ts';
import type { Trigger } from '../trigger.ts';

/** A drift episode: one cause, the retrainings tried against it, and how many of them lost. */
export interface Episode {
  readonly id: string;
  readonly cause: string;
  readonly openedAt: number;
  /**
   * End of the window that opened it: what is newer is surely of the new time. Absent where the finding tells of none,
   * and in episodes of before it was kept.
   */
  readonly since?: number;
  readonly strikes: number;
  /** The retraining under way for it; null between two of them. */
  readonly version: number | null;
  /** Set when three strikes stopped it and a person was paged. */
  readonly stoppedAt: number | null;
  readonly incidentId: string;
}

export interface WaitingTrigger {
  readonly trigger: Trigger;
  readonly absorbed: readonly string[];
  /** Whose triggers it absorbed, newest last, each with the key of their newest; absent where there is nobody. */
  readonly requesters?: readonly { readonly id: string; readonly key: string }[];
  /** Key of the newest among them that came from a person or another system: those are not cooled down. */
  readonly wantedKey: string | null;
}

/** The newest rollback. A failed one stays here, so that a state answer shows it and automation tries once. */
export interface RollbackState {
  readonly id: string;
  readonly from: number;
  /** In the order in which they are tried; a person's rollback has one. */
  readonly targets: readonly number[];
  readonly to: number | null;
  readonly automatic: boolean;
  readonly actor: Actor;
  readonly reason: string;
  readonly incidentId: string | null;
  readonly startedAt: number;
  /** `waiting` while the promotion under way is being aborted. */
  readonly status: 'waiting' | 'running' | 'done' | 'rollback_failed';
  readonly detail: string;
  readonly generation: number | null;
}

/** All that a model's lifecycle remembers. Plain, serialisable, bounded in size; carried over continue-as-new. */
export interface LifecycleState {
  readonly specRevision: number | null;
  readonly paused: { readonly by: string; readonly reason: string; readonly at: number } | null;
  /** A production that was decided on and has no version number yet. */
  readonly starting: {
    readonly trigger: Trigger;
    readonly absorbed: readonly string[];
    /** Whether a person or another system is among those who asked. */
    readonly wanted: boolean;
  } | null;
  readonly production: {
    readonly version: number;
    readonly trigger: Trigger;
    readonly startedAt: number;
    readonly specRevision: number;
    /** When it counts as lost, should it end without a word. */
    readonly deadline: number;
    /** Of one that may wait for new examples. `told`: it knows that somebody wants a version now. */
    readonly newExamples?: { readonly since: number; readonly told: boolean };
  } | null;
  /** Candidates that wait for the promotion under way to end; the newest supersedes the older. */
  readonly waitingCandidate: {
    readonly version: number;
    readonly trigger: Trigger;
    readonly specRevision: number;
    /** Of a revalidation: sets this promotion apart from an earlier one of the same version. */
    readonly round?: string;
  } | null;
  readonly promotion: {
    readonly version: number;
    readonly trigger: Trigger;
    readonly startedAt: number;
    readonly specRevision: number;
    readonly deadline: number;
    readonly round?: string;
    /** `finishing`: it passed, and the champion is being moved. */
    readonly status: 'running' | 'aborting' | 'finishing';
  } | null;
  /** A candidate that is being evaluated again; absent in states of before there were any. */
  readonly revalidation?: {
    readonly id: string;
    readonly version: number;
    readonly specRevision: number;
    readonly by: string;
    readonly reason: string;
    readonly deadline: number;
  } | null;
  /** Only the latest trigger waits; the keys of those it absorbed are kept with it. */
  readonly waitingTrigger: WaitingTrigger | null;
  readonly champion: number | null;
  /** Earlier champions, newest first, at most 20. */
  readonly formerChampions: readonly number[];
  /** Versions that were rolled back: automation never serves them again. */
  readonly rolledBack: readonly number[];
  readonly rollback: RollbackState | null;
  readonly lastProductionStartedAt: number | null;
  /** Of one UTC day: productions started, and the GPU time of those that ended (absent: none). */
  readonly budget: { readonly day: string; readonly used: number; readonly gpuMs?: number };
  readonly episode: Episode | null;
  /** Open incidents by monitor name. */
  readonly incidents: Readonly<Record<string, string>>;
  /** The highest version that was ever put into production; absent in states from before it was kept. */
  readonly newestVersion?: number;
  /** Newest last, bounded: update ids are only unique within one run of a workflow. */
  readonly processedKeys: readonly { readonly key: string; readonly answer: string }[];
  readonly lastPassIds: readonly string[];
  /** Pauses, resumes and rollbacks so far: tells decisions apart that fall into one millisecond. */
  readonly commands: number;
}

export function initialLifecycle(): LifecycleState {
  return {
    specRevision: null,
    paused: null,
    starting: null,
    production: null,
    waitingCandidate: null,
    promotion: null,
    revalidation: null,
    waitingTrigger: null,
    champion: null,
    formerChampions: [],
    rolledBack: [],
    rollback: null,
    lastProductionStartedAt: null,
    budget: { day: '', used: 0 },
    episode: null,
    incidents: {},
    processedKeys: [],
    lastPassIds: [],
    commands: 0,
  };
}
