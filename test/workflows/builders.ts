import type { z } from 'zod';
import type { LifecyclePolicy } from '../../src/contracts/activities/control.ts';
import { Approval, Notifications, Retraining, Rollout } from '../../src/contracts/spec/operation.ts';
import type { Actor } from '../../src/domain/actor.ts';
import type { Finding } from '../../src/domain/finding.ts';
import type { GateReport } from '../../src/domain/gate-report.ts';
import type { ArmSamples, RolloutSamples } from '../../src/domain/rollout-samples.ts';
import type { Trigger } from '../../src/domain/trigger.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import type { Route } from './world.ts';

export const ADA: Actor = { id: 'ada', roles: ['data-scientist'] };
export const EMIL: Actor = { id: 'emil', roles: ['ml-engineer'] };
export const MIRA: Actor = { id: 'mira', roles: ['ml-engineer'] };
export const OTTO: Actor = { id: 'otto', roles: ['on-call'] };

export interface PolicyParts {
  readonly approval?: z.input<typeof Approval> | null;
  readonly rollout?: z.input<typeof Rollout>;
  readonly retraining?: z.input<typeof Retraining>;
  readonly notifications?: z.input<typeof Notifications>;
  readonly allowUngated?: boolean;
}

/** A policy as the spec's own schema makes it, with short steps. */
export function policyOf(parts: PolicyParts): LifecyclePolicy {
  return {
    specRevision: 1,
    sources: ['orders', 'customers'],
    monitoringEveryMs: 3_600_000,
    refreshEveryMs: null,
    trainer: { timeout: 60_000, progressTimeout: 30_000, graceTime: 1_000, maxAttempts: 2 },
    allowUngated: parts.allowUngated ?? false,
    approval: parts.approval === null ? null : Approval.parse(parts.approval ?? {}),
    rollout: Rollout.parse({
      shadow: { duration: '1m', minSamples: 100 },
      weights: [5, 50, 100],
      step: { duration: '5m', minSamples: 200, maxDuration: '30m' },
      bake: { duration: '10m' },
      interval: '1m',
      analysis: [
        { metric: 'errors', maxRate: 0.01 },
        { metric: 'outcome', outcome: 'bought' },
      ],
      ...parts.rollout,
    }),
    retraining: Retraining.parse({ coolDown: '1h', dailyBudget: 50, ...parts.retraining }),
    notifications: Notifications.parse(parts.notifications ?? {}),
  };
}

export function trigger(key: string, parts: Partial<Trigger> = {}): Trigger {
  return { key, source: 'api', reason: 'asked for', requestedBy: ADA, requestedAt: 0, ...parts };
}

export function gateReport(
  version: number,
  champion: number | null,
  verdict: Verdict = { kind: 'pass', reason: 'auc 0.81 >= 0.7' },
  evidenceHash = `evidence-of-${version}`,
): GateReport {
  return {
    version,
    comparedWith: champion,
    verdict,
    gates: [{ gate: 'auc', type: 'metric', verdict, evidence: { value: 0.81 } }],
    evidenceHash,
    firstVersion: champion === null,
    ungated: false,
  };
}

export function arm(version: number, parts: Partial<ArmSamples> & { rate?: number } = {}): ArmSamples {
  const { rate = 0.2, ...rest } = parts;
  const requests = rest.requests ?? 20_000;
  return {
    version,
    requests,
    errors: 0,
    latencyMsP50: 5,
    latencyMsP99: 12,
    outcomes: { bought: { count: requests, sum: Math.round(requests * rate) } },
    ...rest,
  };
}

/** Both arms healthy and alike, with plenty of traffic. */
export function samplesOf(challenger: number, champion: number | null, route: Route): RolloutSamples {
  return {
    generation: route.generation,
    since: 0,
    measuredAt: 1,
    champion: champion === null ? null : arm(champion),
    challenger: arm(challenger, { rate: 0.22 }),
    shadow: null,
  };
}

let windows = 0;
export function finding(monitor: string, version: number, parts: Partial<Finding> = {}): Finding {
  windows += 1;
  return {
    id: `${monitor}/${version}/${windows}`,
    monitor,
    type: 'kpi',
    version,
    status: 'breach',
    confirmed: true,
    severity: 'warning',
    actions: ['alert'],
    value: 0.1,
    threshold: 0.5,
    reason: `${monitor} fell to 0.1 of 0.5`,
    windowStart: windows,
    windowEnd: windows + 1,
    ...parts,
  };
}
