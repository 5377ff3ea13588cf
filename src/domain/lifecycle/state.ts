import type { Trigger } from '../trigger.ts';

/** A drift episode: one cause, the retrainings tried against it, and how many of them lost. */
export interface Episode {
  readonly id: string;
  readonly cause: string;
  readonly openedAt: number;
  readonly strikes: number;
  /** Set when three strikes stopped it and a person was paged. */
  readonly stoppedAt: number | null;
  readonly incidentId: string;
}

/** All that a model's lifecycle remembers. Plain, serialisable, bounded in size; carried over continue-as-new. */
export interface LifecycleState {
  readonly specRevision: number | null;
  readonly paused: { readonly by: string; readonly reason: string; readonly at: number } | null;
  readonly production: {
    readonly version: number;
    readonly trigger: Trigger;
    readonly startedAt: number;
  } | null;
  /** Candidates that wait for the promotion under way to end; the newest supersedes the older. */
  readonly waitingCandidate: { readonly version: number; readonly trigger: Trigger } | null;
  readonly promotion: {
    readonly version: number;
    readonly trigger: Trigger;
    readonly startedAt: number;
  } | null;
  /** Only the latest trigger waits; the keys of those it absorbed are kept with it. */
  readonly waitingTrigger: { readonly trigger: Trigger; readonly absorbed: readonly string[] } | null;
  readonly champion: number | null;
  /** Earlier champions, newest first, at most 20. */
  readonly formerChampions: readonly number[];
  /** Versions that were rolled back: automation never serves them again. */
  readonly rolledBack: readonly number[];
  readonly lastProductionStartedAt: number | null;
  readonly budget: { readonly day: string; readonly used: number };
  readonly episode: Episode | null;
  /** Open incidents by monitor name. */
  readonly incidents: Readonly<Record<string, string>>;
  /** Newest last, bounded: update ids are only unique within one run of a workflow. */
  readonly processedKeys: readonly { readonly key: string; readonly answer: string }[];
  readonly lastPassIds: readonly string[];
}
