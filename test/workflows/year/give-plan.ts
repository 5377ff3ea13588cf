import type { Finding } from '../../../src/domain/finding.ts';
import { arm, finding, gateReport, samplesOf } from '../builders.ts';
import type { World } from '../world.ts';
import { HOUR_MS } from './plan-life.ts';
import type { Fate, LifePlan } from './plan-life.ts';

/** What people hear of, to act on it in their time. */
export interface People {
  approvalAsked(version: number, fate: Fate): void;
  rolloutPaused(version: number): void;
  incidentOpened(incidentId: string): void;
}

/** Lets a world's gates, canaries and monitors answer as the plan says, and people hear of what concerns them. */
export function givePlan(
  world: World,
  plan: LifePlan,
  clock: { readonly now: number },
  people: People,
): void {
  const resumed = new Set<number>();
  const heard = new Set<string>();
  world.gates = (version, champion) =>
    plan.fateOf(version).gates === 'pass'
      ? gateReport(version, champion)
      : gateReport(version, champion, { kind: 'fail', reason: 'auc 0.71 is not better than 0.81' });
  world.samples = (challenger, champion, route) => {
    const { canary } = plan.fateOf(challenger);
    const alone = champion === null || route.weights.length === 1;
    const parts =
      canary === 'fails' && !alone
        ? { errors: 2_000 }
        : canary === 'has no traffic' && !alone && !resumed.has(challenger)
          ? { requests: 42 }
          : {};
    return { ...samplesOf(challenger, champion, route), challenger: arm(challenger, parts) };
  };
  world.findings = (passId) => {
    const { champion } = world;
    return champion === null
      ? null
      : { passId, version: champion, findings: findingsAt(clock.now, champion) };
  };
  // A drift is about the champion that it finds.
  const drifted = new Map<number, number>();
  const findingsAt = (now: number, champion: number): Finding[] => {
    const drift = plan.drifts.find(({ from, to }) => from <= now && now < to);
    if (drift !== undefined && !drifted.has(drift.from)) drifted.set(drift.from, champion);
    const breaches = drift !== undefined && drifted.get(drift.from) === champion;
    const worst =
      drift?.severity === 'critical'
        ? (['alert', 'rollback', 'retrain'] as const)
        : (['alert', 'retrain'] as const);
    const window = { windowStart: now - 24 * HOUR_MS, windowEnd: now };
    return ['features', 'predictions', 'conversion', 'latency'].map((monitor) =>
      breaches && monitor === 'conversion'
        ? finding(monitor, champion, { ...window, severity: drift?.severity ?? 'warning', actions: worst })
        : finding(monitor, champion, { ...window, status: 'ok', confirmed: false }),
    );
  };
  world.beforeNotify = ({ key, kind, facts, title, thread }) => {
    if (heard.has(key)) return;
    heard.add(key);
    if (kind === 'incident_opened') people.incidentOpened(thread);
    if (kind !== 'approval_requested') return;
    const version = Number(/version (\d+)/.exec(title)?.[1]);
    if (facts['phase'] === undefined) people.approvalAsked(version, plan.fateOf(version));
    else {
      resumed.add(version);
      people.rolloutPaused(version);
    }
  };
}
