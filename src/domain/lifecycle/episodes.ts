import { systemActor } from '../actor.ts';
import type { Finding } from '../finding.ts';
import type { Trigger } from '../trigger.ts';
import { applyTrigger } from './triggers.ts';
import type { Episode, LifecycleState } from './state.ts';
import { inTurn, move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';

/** They tell that the world has changed. The others tell of a slow answer, a late source, or a model that is old. */
const TELLS_OF_A_NEW_TIME: ReadonlySet<Finding['type']> = new Set([
  'feature-drift',
  'prediction-drift',
  'outcome-drift',
  'concentration',
  'kpi',
]);

/** Whether a trigger key was made for this episode. */
function belongsTo(episode: Episode, key: string): boolean {
  return key.startsWith(`${episode.id}/`);
}

/** A version that serves a retraining of the episode is its retraining. */
export function withRetraining(
  state: LifecycleState,
  keys: readonly string[],
  version: number,
): LifecycleState {
  const { episode } = state;
  if (episode === null || !keys.some((key) => belongsTo(episode, key))) return state;
  return { ...state, episode: { ...episode, version } };
}

/** Opens an episode unless one is open (also a stopped one: only a new champion ends it), and asks for a retraining. */
export function requestRetraining(
  state: LifecycleState,
  finding: Finding,
  incidentId: string,
  context: LifecycleContext,
): Transition {
  const opened: LifecycleState = {
    ...state,
    episode: state.episode ?? {
      id: `episode/${finding.monitor}/${String(finding.windowEnd)}`,
      cause: finding.reason,
      openedAt: context.now,
      ...(TELLS_OF_A_NEW_TIME.has(finding.type) ? { since: finding.windowEnd } : {}),
      strikes: 0,
      version: null,
      stoppedAt: null,
      incidentId,
    },
  };
  return nextRetraining(opened, finding.id, context);
}

/** A retraining ended without becoming champion. */
export function countStrike(
  state: LifecycleState,
  version: number,
  reason: string,
  context: LifecycleContext,
): Transition {
  const { episode } = state;
  if (episode === null || episode.version !== version) return move(state);
  return strike(state, episode, `version ${String(version)}`, reason, context);
}

/** A retraining could not even be started: nothing will end it, so this counts as its end. */
export function countUnstarted(
  state: LifecycleState,
  keys: readonly string[],
  reason: string,
  context: LifecycleContext,
): Transition {
  const { episode } = state;
  if (episode === null || !keys.some((key) => belongsTo(episode, key))) return move(state);
  return strike(state, episode, 'which could not be started', reason, context);
}

/**
 * A lost retraining is a strike. Below `maxStrikes` the next one is asked for (and waits out the cool-down); at
 * `maxStrikes` the episode stops and a person is paged.
 */
function strike(
  state: LifecycleState,
  episode: Episode,
  which: string,
  reason: string,
  context: LifecycleContext,
): Transition {
  const strikes = episode.strikes + 1;
  const struck: Episode = { ...episode, strikes, version: null };
  const text = `Retraining ${String(strikes)} of ${String(context.retraining.maxStrikes)} (${which}) did not become champion: ${reason}`;
  const note = {
    kind: 'note_incident',
    incidentId: episode.incidentId,
    key: `${episode.id}/strike-${String(strikes)}`,
    text,
    resolves: false,
  } as const;
  if (strikes < context.retraining.maxStrikes) {
    return inTurn(
      { ...state, episode: struck },
      (s) => move(s, note),
      (s) => nextRetraining(s, null, context),
    );
  }
  return stopEpisode({ ...state, episode: struck }, struck, text, context);
}

/** A new champion ends the episode, whatever its strikes. */
export function closeEpisode(state: LifecycleState, champion: number): Transition {
  const { episode } = state;
  if (episode === null) return move(state);
  return move(
    { ...state, episode: null },
    {
      kind: 'note_incident',
      incidentId: episode.incidentId,
      key: `${episode.id}/closed`,
      text: `Version ${String(champion)} is champion now; the episode is over after ${String(episode.strikes)} lost retrainings.`,
      resolves: false,
    },
  );
}

/** The key counts strikes, so that however many findings repeat the demand, each retraining is asked for once. */
function nextRetraining(
  state: LifecycleState,
  findingId: string | null,
  context: LifecycleContext,
): Transition {
  const { episode } = state;
  if (episode === null || episode.stoppedAt !== null || episode.version !== null) return move(state);
  const trigger: Trigger = {
    key: `${episode.id}/retraining-${String(episode.strikes + 1)}`,
    source: 'finding',
    reason: episode.cause,
    requestedBy: systemActor('retraining'),
    requestedAt: context.now,
    ...(findingId === null ? {} : { findingId }),
  };
  const { state: next, effects } = applyTrigger(state, trigger, context);
  return { state: next, effects, answer: undefined };
}

function stopEpisode(
  state: LifecycleState,
  episode: Episode,
  text: string,
  context: LifecycleContext,
): Transition {
  const reason = `${String(episode.strikes)} retrainings in a row lost against the champion; no more are started for this cause.`;
  return move(
    { ...state, episode: { ...episode, stoppedAt: context.now } },
    {
      kind: 'record_decision',
      decision: {
        decisionId: `${context.environment}/${context.model}/${episode.id}/stopped`,
        version: state.champion,
        kind: 'retraining',
        outcome: 'stopped',
        reason,
        actor: systemActor('retraining'),
        evidenceHash: null,
        evidence: { episode: episode.id, cause: episode.cause, strikes: episode.strikes, last: text },
      },
    },
    {
      kind: 'open_incident',
      incident: {
        incidentId: `${context.environment}-${context.model}-retraining-${String(episode.openedAt)}`,
        severity: 'critical',
        title: `Retraining of ${context.model} does not help`,
        summary: `${reason} A person has to look. The cause was: ${episode.cause}`,
        facts: { strikes: String(episode.strikes), cause: episode.cause, last: text },
      },
    },
  );
}
