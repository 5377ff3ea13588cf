import { createHash } from 'node:crypto';
import type { AssessGatesInput } from '../contracts/activities/data.ts';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { GateReport, GateResult } from '../domain/gate-report.ts';
import { assessMetricGate } from '../domain/gates/assess-metric-gate.ts';
import {
  assessEfficiencyGate,
  assessLoadsGate,
  assessRuleGate,
  assessSignatureGate,
} from '../domain/gates/assess-other-gates.ts';
import { compareSignatures } from '../domain/gates/compare-signatures.ts';
import type { ChampionMetrics } from '../domain/gates/judged-metrics.ts';
import { stableEvidence, summariseGates } from '../domain/gates/summarise-gates.ts';
import { effectiveSpec } from '../domain/spec/effective-spec.ts';
import { ARTIFACT_NOT_FOUND } from '../errors/data-errors.ts';
import { PerennialError, isPerennialError } from '../errors/define-error.ts';
import { EVALUATION_NOT_FOUND } from '../errors/evaluation-errors.ts';
import { ANSWER_NOT_FINITE, MODEL_UNLOADABLE, SIGNATURE_MISMATCH } from '../errors/serving-errors.ts';
import { evaluationOfVersion } from '../registry/evaluations.ts';
import { recordGateReport } from '../registry/gate-reports.ts';
import { loadSpecRecord } from '../registry/specs.ts';
import type { EvaluationReport } from './evaluation-report.ts';
import type { EvaluationParts } from './evaluate-version.ts';
import { runRules } from './run-rules.ts';
import { scoreChampion } from './score-champion.ts';
import { trainedModel, withPredictor } from './trained-model.ts';
import type { TrainedModel } from './trained-model.ts';

const BROKEN_MODEL: readonly string[] = [
  MODEL_UNLOADABLE.code,
  SIGNATURE_MISMATCH.code,
  ARTIFACT_NOT_FOUND.code,
  ANSWER_NOT_FINITE.code,
];

/**
 * Judges a version by the spec's gates and the built-in ones, against the champion on the same holdout, and records
 * the report. Judged again on the same facts it answers with the same report and hash.
 * @throws PerennialError EVALUATION_NOT_FOUND, RUN_NOT_FOUND, SOURCE_EMPTY
 */
export async function assessVersion(
  parts: EvaluationParts,
  input: AssessGatesInput,
  signal: AbortSignal,
): Promise<GateReport> {
  const { db } = parts;
  const record = await loadSpecRecord(db, input);
  const spec = effectiveSpec(record.spec, input.environment);
  const evaluation = await evaluationOfVersion(db, input);
  if (evaluation === null)
    throw new PerennialError(
      EVALUATION_NOT_FOUND,
      `version ${input.version} of ${input.model} has not been evaluated in ${input.environment}`,
    );
  const model = await trainedModel(db, input);
  const { champion: version } = input;
  const champion = version === null ? null : await trainedModel(db, { ...input, version });
  const compared =
    champion === null
      ? null
      : await scoreChampion(
          parts,
          { ref: input, champion, frame: evaluation.frame, evaluation: spec.evaluation },
          signal,
        );
  const gates = [
    assessLoadsGate(await tryLoading(parts, model, evaluation)),
    assessSignatureGate(
      champion === null ? null : compareSignatures(champion.signature, model.signature),
      spec.serving.rank === undefined,
    ),
    ...(await configuredGates(parts, input, spec, evaluation, compared, signal)),
  ];
  const report = reportOf(input, spec, gates, { evaluation, championArtifact: champion?.artifact ?? null });
  return recordGateReport(db, input, report);
}

async function configuredGates(
  parts: EvaluationParts,
  input: AssessGatesInput,
  spec: ModelSpec,
  evaluation: EvaluationReport,
  champion: ChampionMetrics,
  signal: AbortSignal,
): Promise<GateResult[]> {
  const rules = spec.gates.filter((gate) => gate.type === 'rule');
  const outcomes = await runRules(parts, { ref: input, spec, rules, report: evaluation }, signal);
  const measured = { latencyMsP99: evaluation.latency.msP99, sizeBytes: evaluation.sizeBytes };
  return spec.gates.map((gate) => {
    switch (gate.type) {
      case 'metric':
        return assessMetricGate(gate, evaluation.metrics, champion, spec.evaluation.minSliceSize);
      case 'rule':
        return assessRuleGate(gate, outcomes.get(gate.name) ?? { kind: 'failed', reason: 'it was not run' });
      case 'efficiency':
        return assessEfficiencyGate(gate, measured);
    }
  });
}

/** Loads the file that would be served from the store, now: what loaded at the evaluation may be gone. */
async function tryLoading(
  parts: EvaluationParts,
  model: TrainedModel,
  evaluation: EvaluationReport,
): Promise<Parameters<typeof assessLoadsGate>[0]> {
  try {
    await withPredictor(parts.store, model, (predictor) =>
      predictor.predict(new Float32Array(predictor.featureCount)),
    );
    const { distinctScores, metrics } = evaluation;
    return { kind: 'loaded', rows: metrics.count, distinctScores };
  } catch (error) {
    if (isPerennialError(error) && BROKEN_MODEL.includes(error.code))
      return { kind: 'failed', reason: error.message };
    throw error;
  }
}

function reportOf(
  input: AssessGatesInput,
  spec: ModelSpec,
  gates: readonly GateResult[],
  basis: { readonly evaluation: EvaluationReport; readonly championArtifact: string | null },
): GateReport {
  const configured = spec.gates.length;
  const verdict = summariseGates(gates, configured, spec.allowUngated);
  const ungated = configured === 0 && spec.allowUngated;
  const { evaluation, championArtifact } = basis;
  const evidence = {
    model: input.model,
    environment: input.environment,
    version: input.version,
    artifact: evaluation.artifact,
    evaluation: evaluation.evaluationId,
    comparedWith: input.champion,
    championArtifact,
    ungated,
    verdict: verdict.kind,
    gates: gates.map(stableEvidence),
  };
  return {
    version: input.version,
    comparedWith: input.champion,
    verdict,
    gates,
    evidenceHash: createHash('sha256').update(canonicalJson(evidence)).digest('hex'),
    firstVersion: input.champion === null,
    ungated,
  };
}
