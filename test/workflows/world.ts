import { ApplicationFailure } from '@temporalio/common';
import type {
  ControlActivities,
  Decision,
  LifecyclePolicy,
  Notice,
} from '../../src/contracts/activities/control.ts';
import type { DataActivities } from '../../src/contracts/activities/data.ts';
import type { RolloutActivities, SetRouteInput } from '../../src/contracts/activities/rollout.ts';
import type { TrainingActivities } from '../../src/contracts/activities/training.ts';
import type { WebhookActivities } from '../../src/contracts/activities/webhooks.ts';
import type { FindingsReport } from '../../src/contracts/workflows/lifecycle.ts';
import { canMove } from '../../src/domain/version-stage.ts';
import type { VersionStage } from '../../src/domain/version-stage.ts';
import type { GateReport } from '../../src/domain/gate-report.ts';
import type { RolloutSamples } from '../../src/domain/rollout-samples.ts';
import type { Trigger } from '../../src/domain/trigger.ts';
import type { Severity } from '../../src/domain/finding.ts';
import { gateReport, policyOf, samplesOf, trigger } from './builders.ts';

export type Activities = ControlActivities &
  DataActivities &
  TrainingActivities &
  RolloutActivities &
  WebhookActivities;

export interface Route extends Pick<SetRouteInput, 'weights' | 'shadow' | 'reason' | 'key'> {
  readonly generation: number;
}

/** A small registry that keeps real state and refuses what the real one refuses. */
export class World {
  policy: LifecyclePolicy;
  readonly versions = new Map<number, { stage: VersionStage; history: VersionStage[]; key: string }>();
  readonly triggers = new Map<number, Trigger>();
  readonly routes: Route[] = [];
  readonly decisions = new Map<string, Decision>();
  readonly notices = new Map<string, Notice>();
  readonly incidents = new Map<string, { severity: Severity; status: string; title: string }>();
  readonly promotions = new Map<string, { kind: string; version: number; generation: number }>();
  champion: number | null = null;
  /** Calls per activity, for tests that count work. */
  readonly calls = new Map<string, number>();

  gates: (version: number, champion: number | null) => GateReport | Promise<GateReport> = (
    version,
    champion,
  ) => gateReport(version, champion);
  samples: (
    challenger: number,
    champion: number | null,
    route: Route,
  ) => RolloutSamples | Promise<RolloutSamples> = samplesOf;
  /** Of versions that were evaluated again. */
  readonly evaluations = new Map<number, string>();
  evaluateAgain: (version: number) => Promise<void> | void = () => undefined;
  train: (version: number) => Promise<void> | void = () => undefined;
  load: (version: number) => void = () => undefined;
  ingest: Activities['ingestSource'] = async ({ source }) => ({
    source,
    dataset: `digest-of-${source}`,
    rows: 100,
    newRows: 10,
    quarantined: [],
  });
  servedSources: Awaited<ReturnType<Activities['loadServedSources']>> = [];
  newExamples: Activities['countNewExamples'] = async () => ({ training: 0, heldOut: 0 });
  findings: (passId: string) => FindingsReport | null = () => null;
  confirmRoute: (generation: number) => Promise<void> | void = () => undefined;
  /** By delivery id. */
  readonly givenUp = new Map<string, string>();
  sendWebhook: (deliveryId: string) => Promise<{ readonly statusCode: number }> = async () => ({
    statusCode: 200,
  });
  /** Waited for before an activity does anything: its workflow is then waiting in that step. */
  beforeCall: (
    activity: string,
    input: { readonly version?: number; readonly kind?: string; readonly key?: string },
  ) => Promise<void> | void = () => undefined;
  beforeNotify: (notice: Notice) => void = () => undefined;
  /** Of the monitors; one may be judged twice, as any activity may run twice. */
  readonly passes = new Set<string>();

  constructor(policy: Parameters<typeof policyOf>[0] = {}) {
    this.policy = policyOf(policy);
  }

  get route(): Route | undefined {
    return this.routes.at(-1);
  }

  stage(version: number): VersionStage | undefined {
    return this.versions.get(version)?.stage;
  }

  decision(kind: Decision['kind'], version?: number): Decision | undefined {
    const all = [...this.decisions.values()].filter((d) => d.kind === kind);
    return all.filter((d) => version === undefined || d.version === version).at(-1);
  }

  noticesOf(kind: Notice['kind']): Notice[] {
    return [...this.notices.values()].filter((notice) => notice.kind === kind);
  }

  readonly activities: Activities = this.counted({
    loadPolicy: async () => this.policy,
    loadServedSources: async () => this.servedSources,
    allocateVersion: async ({ key, trigger }) => {
      const known = [...this.versions].find(([, v]) => v.key === key);
      if (known) return { version: known[0] };
      const version = this.versions.size + 1;
      this.versions.set(version, { stage: 'producing', history: ['producing'], key });
      this.triggers.set(version, trigger);
      return { version };
    },
    registerVersion: async ({ version }) => this.moveTo(version, 'candidate'),
    loadCandidate: async ({ version }) => {
      const stage = this.stage(version);
      if (stage === undefined) throw refused('VERSION_NOT_FOUND', String(version));
      if (stage !== 'candidate' && stage !== 'validated') throw refused('VERSION_NOT_CANDIDATE', stage);
      return { stage, trigger: this.triggers.get(version) ?? trigger('') };
    },
    adoptEvaluation: async ({ version, evaluationId }) => void this.evaluations.set(version, evaluationId),
    writeCard: async ({ version }) => ({ digest: `card-${version}` }),
    setStage: async ({ version, stage }) => this.moveTo(version, stage),
    recordDecision: async (decision) => {
      if (!this.decisions.has(decision.decisionId)) this.decisions.set(decision.decisionId, decision);
    },
    openIncident: async ({ incidentId, severity, title }) => {
      if (!this.incidents.has(incidentId))
        this.incidents.set(incidentId, { severity, title, status: 'open' });
    },
    setIncidentStatus: async ({ incidentId, status }) => {
      const row = this.incidents.get(incidentId);
      if (!row) throw refused('INCIDENT_NOT_FOUND', incidentId);
      row.status = status;
    },
    notify: async (notice) => {
      this.beforeNotify(notice);
      if (!this.notices.has(notice.key)) this.notices.set(notice.key, notice);
      return { delivered: ['test'] };
    },
    sendWebhook: async ({ deliveryId }) => this.sendWebhook(deliveryId),
    giveUpWebhook: async ({ deliveryId, code }) => void this.givenUp.set(deliveryId, code),
    ingestSource: (input) => this.ingest(input),
    materialiseFeatures: async () => ({ views: [], onlineRows: 0, frozen: [] }),
    countNewExamples: (input) => this.newExamples(input),
    buildFrame: async ({ version }) => ({ frame: `frame-${version}`, trainRows: 80, holdoutRows: 20 }),
    evaluateVersion: async ({ version, again }) => {
      if (again !== undefined) await this.evaluateAgain(version);
      return { evaluationId: `evaluation-${version}${again === undefined ? '' : `-${again}`}`, metrics: {} };
    },
    assessGates: async ({ version, champion }) => this.gates(version, champion),
    computeFindings: async ({ passId }) => {
      this.passes.add(passId);
      return this.findings(passId);
    },
    train: async ({ version, runId }) => {
      await this.train(version);
      return { runId, artifact: `sha-${version}`, sizeBytes: 1, metrics: {}, device: 'cpu', durationMs: 1 };
    },
    setRoute: async (input) => ({ generation: this.setRoute(input).generation }),
    awaitRoute: async ({ generation }) => {
      await this.confirmRoute(generation);
      return { gateways: 1 };
    },
    measureRollout: async ({ challenger, champion, generation }) => {
      const route = this.routes.find((r) => r.generation === generation);
      if (!route) throw refused('ROUTE_INVALID', `no generation ${generation}`);
      return await this.samples(challenger, champion, route);
    },
    verifyLoadable: async ({ version }) => {
      this.load(version);
      return { loadMs: 1 };
    },
    promoteChampion: async ({ key, version, from, kind }) => {
      const done = this.promotions.get(key);
      if (done) return { generation: done.generation };
      if (from !== this.champion)
        throw refused('CHAMPION_CONFLICT', `${this.champion} is champion, not ${from}`);
      if (from !== null) this.moveTo(from, kind === 'rollback' ? 'rolled_back' : 'retired');
      this.moveTo(version, 'champion');
      this.champion = version;
      const weights = [{ version, weight: 100 }];
      const { generation } = this.setRoute({ key, weights, shadow: [], reason: kind });
      this.promotions.set(key, { kind, version, generation });
      return { generation };
    },
  });

  private setRoute({
    key,
    weights,
    shadow,
    reason,
  }: Pick<SetRouteInput, 'key' | 'weights' | 'shadow' | 'reason'>) {
    const known = this.routes.find((route) => route.key === key);
    if (known) return known;
    const sum = weights.reduce((total, { weight }) => total + weight, 0);
    if (sum !== 100 || weights.some(({ weight }) => weight <= 0)) throw refused('ROUTE_INVALID', String(sum));
    const route = { key, weights, shadow, reason, generation: this.routes.length + 1 };
    this.routes.push(route);
    return route;
  }

  private moveTo(version: number, stage: VersionStage): void {
    const row = this.versions.get(version);
    if (!row) throw refused('VERSION_NOT_FOUND', String(version));
    if (row.stage === stage) return;
    if (!canMove(row.stage, stage)) throw refused('STAGE_MOVE_REFUSED', `${row.stage} -> ${stage}`);
    row.stage = stage;
    row.history.push(stage);
  }

  private counted(activities: Activities): Activities {
    const wrapped = Object.entries(activities).map(([name, fn]) => [
      name,
      async (input: never) => {
        this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
        await this.beforeCall(name, input);
        return await (fn as (input: never) => unknown)(input);
      },
    ]);
    return Object.fromEntries(wrapped) as Activities;
  }
}

export function refused(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message, nonRetryable: true });
}

/** Activities that go to the world of the model that they are about. */
export function activitiesOf(worlds: ReadonlyMap<string, World>): Activities {
  const worldOf = (input: { model?: string; incidentId?: string }): World => {
    const found = [...worlds].find(
      ([model, world]) =>
        input.model === model || (input.model === undefined && world.incidents.has(input.incidentId ?? '')),
    );
    if (!found) throw refused('MODEL_NOT_FOUND', `no world of ${input.model ?? input.incidentId ?? ''}`);
    return found[1];
  };
  const names = Object.keys(new World().activities) as (keyof Activities)[];
  const routed = names.map((name) => [
    name,
    (input: { model?: string }) => (worldOf(input).activities[name] as (input: unknown) => unknown)(input),
  ]);
  return Object.fromEntries(routed) as Activities;
}
