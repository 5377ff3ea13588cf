import type { FindingsReport } from '../../contracts/workflows/lifecycle.ts';
import { systemActor } from '../actor.ts';
import type { Finding } from '../finding.ts';
import { requestRetraining } from './episodes.ts';
import { beginRollback, isRollingBack, rollbackTargets } from './rollbacks.ts';
import type { LifecycleState } from './state.ts';
import { inTurn, move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';

const PASS_IDS_LIMIT = 20;

/**
 * Acts on one monitor pass, once. Only findings about the present champion count: a late report about another
 * version changes nothing. Breaches act when confirmed (k of n and the newest); a monitor that is ok again
 * resolves its incident. While the lifecycle is paused incidents still open and a critical rollback still acts,
 * because both protect live traffic; a retraining waits for the resume.
 */
export function applyFindings(
  state: LifecycleState,
  report: FindingsReport,
  context: LifecycleContext,
): Transition {
  if (state.lastPassIds.includes(report.passId)) return move(state);
  const seen: LifecycleState = {
    ...state,
    lastPassIds: [...state.lastPassIds, report.passId].slice(-PASS_IDS_LIMIT),
  };
  return inTurn(
    seen,
    ...report.findings.map((finding) => (s: LifecycleState) => applyFinding(s, finding, context)),
  );
}

/** An incident was closed by a person or by its own rule: the next confirmed breach opens a new one. */
export function incidentClosed(state: LifecycleState, incidentId: string): Transition {
  const incidents = Object.fromEntries(Object.entries(state.incidents).filter(([, id]) => id !== incidentId));
  return move({ ...state, incidents });
}

function applyFinding(state: LifecycleState, finding: Finding, context: LifecycleContext): Transition {
  if (finding.version !== state.champion) return move(state);
  if (finding.status === 'ok') return recover(state, finding);
  if (finding.status !== 'breach' || !finding.confirmed) return move(state);
  return inTurn(
    state,
    (s) => openIncident(s, finding, context),
    (s) => rollBackOnce(s, finding, context),
    (s) =>
      finding.actions.includes('retrain')
        ? requestRetraining(s, finding, incidentOf(s, finding), context)
        : move(s),
  );
}

function incidentOf(state: LifecycleState, finding: Finding): string {
  return state.incidents[finding.monitor] ?? '';
}

function openIncident(state: LifecycleState, finding: Finding, context: LifecycleContext): Transition {
  if (state.incidents[finding.monitor] !== undefined) return move(state);
  const incidentId = `${context.environment}-${context.model}-${finding.monitor}-${String(finding.windowEnd)}`;
  return move(
    { ...state, incidents: { ...state.incidents, [finding.monitor]: incidentId } },
    {
      kind: 'open_incident',
      incident: {
        incidentId,
        severity: finding.severity,
        title: `${context.model} version ${String(finding.version)}: ${finding.monitor} breached`,
        summary: finding.reason,
        facts: {
          monitor: `${finding.monitor} (${finding.type})`,
          version: String(finding.version),
          value: shown(finding.value) ?? 'unknown',
          threshold: shown(finding.threshold) ?? 'none',
          window: `${new Date(finding.windowStart).toISOString()} to ${new Date(finding.windowEnd).toISOString()}`,
          finding: finding.id,
        },
      },
    },
  );
}

/** The reason says it in words and units; here five digits say enough. */
function shown(value: number | null): string | null {
  return value === null ? null : String(Number(value.toPrecision(5)));
}

function recover(state: LifecycleState, finding: Finding): Transition {
  const incidentId = state.incidents[finding.monitor];
  if (incidentId === undefined) return move(state);
  const key = `recovered/${finding.id}`;
  const text = `${finding.monitor} is ok again on version ${String(finding.version)}: ${finding.reason}`;
  return inTurn(
    state,
    (s) => incidentClosed(s, incidentId),
    (s) => move(s, { kind: 'note_incident', incidentId, key, text, resolves: true }),
  );
}

/** Automation rolls a champion back at most once, whether that worked or not; after that people decide. */
function rollBackOnce(state: LifecycleState, finding: Finding, context: LifecycleContext): Transition {
  if (finding.severity !== 'critical' || !finding.actions.includes('rollback')) return move(state);
  if (isRollingBack(state) || state.rollback?.from === state.champion) return move(state);
  const incidentId = incidentOf(state, finding);
  if (rollbackTargets(state).length === 0) {
    const detail = `Version ${String(finding.version)} stays: there is no earlier champion to go back to.`;
    const order = { actor: systemActor('monitor'), reason: finding.reason, automatic: true, incidentId };
    const { state: tried, answer } = beginRollback({ ...state, promotion: null }, order, context);
    const rollback = { ...answer, status: 'rollback_failed', detail } as const;
    return move(
      { ...tried, promotion: state.promotion, rollback },
      { kind: 'note_incident', incidentId, key: `no-target/${finding.id}`, text: detail, resolves: false },
    );
  }
  const begun = beginRollback(
    state,
    { actor: systemActor('monitor'), reason: finding.reason, automatic: true, incidentId },
    context,
  );
  return { state: begun.state, effects: begun.effects, answer: undefined };
}
