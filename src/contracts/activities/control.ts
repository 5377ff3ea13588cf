import type { Actor } from '../../domain/actor.ts';
import type { Severity } from '../../domain/finding.ts';
import type { Trigger } from '../../domain/trigger.ts';
import type { VersionStage } from '../../domain/version-stage.ts';
import type { ModelSpec } from '../spec/model-spec.ts';
import type { ModelRef } from '../workflows/ids.ts';
import type { TrainResult } from './training.ts';
import type { SpecRef } from './data.ts';

/** The part of a spec that workflows act on, with the environment's overrides applied. */
export interface LifecyclePolicy extends Pick<
  ModelSpec,
  'approval' | 'rollout' | 'retraining' | 'notifications' | 'allowUngated'
> {
  readonly specRevision: number;
  readonly sources: readonly string[];
  readonly monitoringEveryMs: number;
  /** How often the sources are read anyway; null where the spec does not say. */
  readonly refreshEveryMs: number | null;
  readonly trainer: Pick<
    ModelSpec['training']['trainer'],
    'timeout' | 'progressTimeout' | 'graceTime' | 'maxAttempts'
  > & {
    /** What the trainer asks for; absent in policies of before it was told. */
    readonly gpus?: number;
  };
}

export interface Decision extends ModelRef {
  /** Made by the workflow, so that a repeated call writes one row. */
  readonly decisionId: string;
  readonly version: number | null;
  readonly kind:
    | 'trigger'
    | 'production'
    | 'gates'
    | 'revalidation'
    | 'approval'
    | 'rollout'
    | 'promotion'
    | 'rollback'
    | 'retraining'
    | 'pause'
    | 'resume'
    | 'abort'
    | 'incident';
  readonly outcome: string;
  readonly reason: string;
  readonly actor: Actor;
  readonly evidenceHash: string | null;
  readonly evidence: Readonly<Record<string, unknown>>;
}

interface SetStageInput extends ModelRef {
  readonly version: number;
  readonly stage: VersionStage;
  readonly reason: string;
  readonly actor: Actor;
}

export interface OpenIncidentInput extends ModelRef {
  readonly incidentId: string;
  readonly severity: Severity;
  readonly title: string;
  readonly summary: string;
  readonly facts: Readonly<Record<string, string>>;
}

export interface SetIncidentStatusInput {
  readonly incidentId: string;
  readonly status: 'acknowledged' | 'resolved';
  readonly actor: Actor;
  readonly reason: string;
}

/** What a message tells. The notifier renders it for Slack (Block Kit) and e-mail (text and HTML). */
export interface Notice extends ModelRef {
  /** Idempotency key per message: a repeated delivery is found in the log and not sent again. */
  readonly key: string;
  /** Messages of one thread (an incident, an approval) go to one Slack thread and one e-mail conversation. */
  readonly thread: string;
  readonly kind:
    | 'incident_opened'
    | 'incident_reminder'
    | 'incident_escalated'
    | 'incident_note'
    | 'incident_acknowledged'
    | 'incident_resolved'
    | 'approval_requested'
    | 'approval_reminder'
    | 'approval_closed'
    | 'version_rejected'
    | 'champion_changed'
    | 'batch_quarantined';
  readonly severity: Severity;
  readonly title: string;
  readonly text: string;
  readonly facts: Readonly<Record<string, string>>;
  /** What the reader can do, as links into the API's action pages. */
  readonly actions: readonly { readonly label: string; readonly act: ActionLink }[];
  readonly escalate: boolean;
}

export type ActionLink =
  | { readonly kind: 'acknowledge'; readonly incidentId: string }
  | { readonly kind: 'review'; readonly version: number }
  | { readonly kind: 'view_incident'; readonly incidentId: string };

export interface SourceOfSpec {
  readonly source: string;
  /** The newest revision that has it. */
  readonly specRevision: number;
}

/** Task queue `control`: short work on the registry, and messages. */
export interface ControlActivities {
  /** Of the newest revision when none is named. */
  loadPolicy(input: ModelRef & { readonly specRevision?: number }): Promise<LifecyclePolicy>;
  /** Sources that the newest spec has no more, from which versions that serve or may come to it take features. */
  loadServedSources(input: ModelRef): Promise<readonly SourceOfSpec[]>;
  /** The next number of the model; the same key always answers the same number. */
  allocateVersion(
    input: SpecRef & { readonly key: string; readonly trigger: Trigger },
  ): Promise<{ readonly version: number }>;
  /** Makes a produced version a candidate: artifact, signature, run and evaluation are all there, or it fails. */
  registerVersion(
    input: SpecRef & {
      readonly version: number;
      readonly training: TrainResult;
      readonly evaluationId: string;
    },
  ): Promise<void>;
  /** The version, while its gates may still be judged again; refuses every other stage with VERSION_NOT_CANDIDATE. */
  loadCandidate(
    input: ModelRef & { readonly version: number },
  ): Promise<{ readonly stage: 'candidate' | 'validated'; readonly trigger: Trigger }>;
  /** Makes a repeated evaluation the one that gates judge; refuses as `loadCandidate` does. */
  adoptEvaluation(
    input: ModelRef & {
      readonly version: number;
      readonly evaluationId: string;
      readonly actor: Actor;
      readonly reason: string;
    },
  ): Promise<void>;
  writeCard(input: ModelRef & { readonly version: number }): Promise<{ readonly digest: string }>;
  /** Refuses a move that the state machine does not have; a move already made is success. */
  setStage(input: SetStageInput): Promise<void>;
  recordDecision(input: Decision): Promise<void>;
  openIncident(input: OpenIncidentInput): Promise<void>;
  setIncidentStatus(input: SetIncidentStatusInput): Promise<void>;
  /** Delivers to every configured channel that has not had this key; throws (retryable) while one is down. */
  notify(input: Notice): Promise<{ readonly delivered: readonly string[] }>;
}
