import type { Decision, Notice, OpenIncidentInput } from '../../contracts/activities/control.ts';
import type { Baseline } from '../../contracts/activities/rollout.ts';
import type { Actor } from '../actor.ts';
import type { Requesters } from '../requesters.ts';
import type { Trigger } from '../trigger.ts';
import type { VersionStage } from '../version-stage.ts';
import type { RollbackState } from './state.ts';

type WithoutRef<T> = Omit<T, 'model' | 'environment'>;

/** What a transition wants done. The workflow carries effects out; each is safe to repeat. */
export type Effect =
  | { readonly kind: 'start_production'; readonly trigger: Trigger }
  | { readonly kind: 'hasten_production'; readonly version: number; readonly trigger: Trigger }
  | ({
      readonly kind: 'start_promotion';
      readonly version: number;
      readonly champion: number | null;
      readonly specRevision: number;
      readonly round?: string;
    } & Requesters)
  | {
      readonly kind: 'start_revalidation';
      readonly id: string;
      readonly version: number;
      readonly specRevision: number;
      readonly actor: Actor;
      readonly reason: string;
    }
  | { readonly kind: 'announce_evidence'; readonly version: number; readonly reason: string }
  | {
      readonly kind: 'abort_promotion';
      readonly version: number;
      readonly actor: Actor;
      readonly reason: string;
    }
  | {
      readonly kind: 'promote_champion';
      readonly version: number;
      readonly from: number | null;
      readonly decisionId: string | null;
      readonly baseline: Baseline | null;
      readonly reason: string;
    }
  | { readonly kind: 'roll_back'; readonly rollback: RollbackState }
  | {
      readonly kind: 'restore_route';
      readonly champion: number;
      readonly key: string;
      readonly reason: string;
    }
  | {
      readonly kind: 'set_stage';
      readonly version: number;
      readonly stage: VersionStage;
      readonly reason: string;
    }
  | { readonly kind: 'record_decision'; readonly decision: WithoutRef<Decision> }
  | { readonly kind: 'open_incident'; readonly incident: WithoutRef<OpenIncidentInput> }
  | {
      readonly kind: 'note_incident';
      readonly incidentId: string;
      readonly key: string;
      readonly text: string;
      readonly resolves: boolean;
    }
  | { readonly kind: 'notify'; readonly notice: WithoutRef<Notice> };

/** Effects of one lane happen one after the other, in order; lanes do not wait for each other. */
export type EffectLane = 'production' | 'promotion' | 'serving' | 'records' | 'incidents' | 'messages';

export const LANE: Readonly<Record<Effect['kind'], EffectLane>> = {
  start_production: 'production',
  // After the start: there is somebody to be told.
  hasten_production: 'production',
  start_promotion: 'promotion',
  abort_promotion: 'promotion',
  start_revalidation: 'promotion',
  announce_evidence: 'promotion',
  promote_champion: 'serving',
  roll_back: 'serving',
  restore_route: 'serving',
  // Before `restore_route`: what may not be routed any more is refused to a rollout that is still alive somewhere.
  set_stage: 'serving',
  record_decision: 'records',
  open_incident: 'incidents',
  note_incident: 'incidents',
  notify: 'messages',
};
