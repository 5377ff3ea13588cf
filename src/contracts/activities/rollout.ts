import type { Actor } from '../../domain/actor.ts';
import type { OutcomeSamples, RolloutSamples } from '../../domain/rollout-samples.ts';
import type { ModelRef } from '../workflows/ids.ts';

/** Weights in per cent by version; they sum to 100. */
export interface SetRouteInput extends ModelRef {
  /** Idempotency key: the same key sets the route once and answers the same generation ever after. */
  readonly key: string;
  readonly weights: readonly { readonly version: number; readonly weight: number }[];
  readonly shadow: readonly number[];
  readonly reason: string;
  readonly actor: Actor;
}

export interface AwaitRouteInput extends ModelRef {
  readonly generation: number;
}

export interface MeasureRolloutInput extends ModelRef {
  readonly champion: number | null;
  readonly challenger: number;
  /** Only requests routed by this generation count. */
  readonly generation: number;
}

export interface PromoteChampionInput extends ModelRef {
  readonly key: string;
  readonly version: number;
  readonly from: number | null;
  readonly kind: 'promotion' | 'rollback';
  readonly decisionId: string | null;
  readonly actor: Actor;
  readonly reason: string;
  /** Live outcomes of the rollout's last phase: what the monitors compare with later. Null keeps the recorded one. */
  readonly baseline: Baseline | null;
}

export interface Baseline {
  readonly since: number;
  readonly until: number;
  readonly requests: number;
  readonly outcomes: Readonly<Record<string, OutcomeSamples>>;
}

/** Task queue `rollout`: everything that touches live traffic. */
export interface RolloutActivities {
  /** Writes the next route generation and its audit event in one transaction. */
  setRoute(input: SetRouteInput): Promise<{ readonly generation: number }>;
  /** Waits until every live gateway obeys the generation (or a newer one). Heartbeats while it waits. */
  awaitRoute(input: AwaitRouteInput): Promise<{ readonly gateways: number }>;
  measureRollout(input: MeasureRolloutInput): Promise<RolloutSamples>;
  /** Loads the version from its artifact and has it answer; fails with a code if it can't. */
  verifyLoadable(input: ModelRef & { readonly version: number }): Promise<{ readonly loadMs: number }>;
  /** Moves the champion alias, the stages, the route (100 %) and the audit in one transaction. Called by `modelLifecycle` only. */
  promoteChampion(input: PromoteChampionInput): Promise<{ readonly generation: number }>;
}
