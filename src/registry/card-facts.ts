import type { CardDecision, CardFacts, CardRun } from '../domain/card/card-facts.ts';
import type { GateReport } from '../domain/gate-report.ts';
import type { JudgedMetrics } from '../domain/gates/judged-metrics.ts';
import { effectiveSpec } from '../domain/spec/effective-spec.ts';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { Queryable } from './database.ts';
import { listDecisions, listGateReports } from './decisions.ts';
import { findEvaluation } from './evaluations.ts';
import { datasetsOfFrame } from './lineage.ts';
import { getRun } from './runs.ts';
import { loadSpecRecord } from './specs.ts';
import { getVersion } from './versions.ts';
import type { VersionRecord, VersionRef } from './versions.ts';

async function evaluationOf(db: Queryable, version: VersionRecord): Promise<CardFacts['evaluation']> {
  const report = version.evaluationId === null ? null : await findEvaluation(db, version.evaluationId);
  if (report === null) return null;
  const { evaluationId: id, metrics, latency } = report;
  return { id, metrics, latencyMsP99: latency.msP99, latencySamples: latency.samples };
}

async function runOf(
  db: Queryable,
  version: VersionRecord,
  spec: ModelSpec,
): Promise<{ run: CardRun; frame: string } | null> {
  if (version.runId === null) return null;
  const run = await getRun(db, version.runId);
  const { device } = run.runtime;
  return {
    frame: run.frame,
    run: {
      runId: run.runId,
      command: spec.training.trainer.command,
      parameters: run.parameters,
      seed: run.seed,
      device: typeof device === 'string' ? device : null,
      runtime: run.runtime,
      codeDigest: run.codeDigest,
      startedAt: run.startedAt,
      finishedAt: run.finishedAt,
    },
  };
}

function warningsOf(spec: ModelSpec, gates: GateReport | null, decisions: readonly CardDecision[]): string[] {
  const ungated = gates?.ungated ?? (spec.gates.length === 0 && spec.allowUngated);
  const overridden = gates?.gates.filter((gate) => gate.verdict.kind === 'overridden') ?? [];
  return [
    ...(ungated ? ['No gate judges this version: its spec says allowUngated.'] : []),
    ...(spec.approval === null ? ['No person is asked to approve this version: its spec says so.'] : []),
    ...(gates?.firstVersion === true
      ? ['First version: there was no champion, so thresholds of change did not apply.']
      : []),
    ...overridden.map((gate) => `Gate ${gate.gate} was overridden: ${gate.verdict.reason}`),
    ...decisions
      .filter(({ kind, outcome }) => kind === 'production' && outcome === 'too_few_examples')
      .map(({ reason }) => `It learned from fewer new examples than its spec wants: ${reason}`),
    ...decisions
      .filter((decision) => decision.kind === 'rollback')
      .map((decision) => `Rolled back on ${decision.at}: ${decision.reason}`),
  ];
}

function featuresOf(spec: ModelSpec): CardFacts['features'] {
  return spec.training.features.map((name) => {
    const dot = name.indexOf('.');
    return { name, meaning: spec.features.views[name.slice(0, dot)]?.columns[name.slice(dot + 1)] ?? '' };
  });
}

async function championMetrics(
  db: Queryable,
  ref: VersionRef,
  gates: GateReport | null,
): Promise<{ version: number; metrics: JudgedMetrics | null } | null> {
  if (gates?.comparedWith == null) return null;
  const champion = await getVersion(db, { ...ref, version: gates.comparedWith });
  return { version: champion.version, metrics: (await evaluationOf(db, champion))?.metrics ?? null };
}

/**
 * The facts of a card as they stand now, decisions made since registration included.
 * @throws PerennialError VERSION_NOT_FOUND
 */
export async function cardFacts(db: Queryable, ref: VersionRef): Promise<CardFacts> {
  const version = await getVersion(db, ref);
  const record = await loadSpecRecord(db, { ...ref, specRevision: version.specRevision });
  const spec = effectiveSpec(record.spec, ref.environment);
  const run = await runOf(db, version, spec);
  const gates = (await listGateReports(db, ref)).at(-1)?.report ?? null;
  const decisions = (await listDecisions(db, ref)).map(
    ({ kind, outcome, actor, reason, at, evidenceHash }) => ({
      kind,
      outcome,
      actor,
      reason,
      at,
      evidenceHash,
    }),
  );
  const trigger = version.trigger as { source?: string; reason?: string };
  return {
    model: ref.model,
    environment: ref.environment,
    version: version.version,
    stage: version.stage,
    description: spec.description,
    owner: { team: spec.owner.team, email: spec.owner.email ?? null },
    labels: spec.labels,
    specRevision: version.specRevision,
    trigger: {
      source: trigger.source ?? 'unknown',
      reason: trigger.reason ?? '',
      requestedBy: version.requestedBy,
    },
    artifact: { digest: version.artifact, sizeBytes: version.sizeBytes },
    frame: run?.frame ?? null,
    datasets: run === null ? [] : await datasetsOfFrame(db, run.frame),
    features: featuresOf(spec),
    run: run?.run ?? null,
    evaluation: await evaluationOf(db, version),
    champion: await championMetrics(db, ref, gates),
    gates,
    decisions,
    warnings: warningsOf(spec, gates, decisions),
  };
}
