import type { GateReport } from '../../domain/gate-report.ts';
import type { NewExampleCount } from '../../domain/production/new-examples.ts';
import type { FindingsReport } from '../workflows/lifecycle.ts';
import type { ModelRef } from '../workflows/ids.ts';

export interface SpecRef extends ModelRef {
  readonly specRevision: number;
}

interface IngestSourceInput extends SpecRef {
  readonly source: string;
}

export interface IngestSourceResult {
  readonly source: string;
  /** Digest of the dataset version that is good now; null while there never was a good one. */
  readonly dataset: string | null;
  readonly rows: number;
  readonly newRows: number;
  /** Batches set aside by this call because an expectation failed. The last good dataset stays. */
  readonly quarantined: readonly QuarantinedBatch[];
}

export interface QuarantinedBatch {
  readonly batchId: string;
  readonly source: string;
  readonly rows: number;
  /** One line per failed expectation, with counts and up to three offending values. */
  readonly failures: readonly string[];
}

interface MaterialiseFeaturesResult {
  readonly views: readonly { readonly view: string; readonly digest: string; readonly rows: number }[];
  readonly onlineRows: number;
  /** Views that an earlier spec's versions read and that can't be computed now: they stay as they were. */
  readonly frozen: readonly {
    readonly view: string;
    readonly specRevision: number;
    readonly reason: string;
  }[];
}

interface CountNewExamplesInput extends SpecRef {
  /** Milliseconds since the epoch. */
  readonly since: number;
}

interface BuildFrameInput extends SpecRef {
  readonly version: number;
}

interface BuildFrameResult {
  /** Digest of the frame's manifest: train and holdout Parquet, feature order, lineage. */
  readonly frame: string;
  readonly trainRows: number;
  readonly holdoutRows: number;
}

export interface EvaluateVersionInput extends SpecRef {
  readonly version: number;
  /** Names an evaluation beside the first one; the same name is evaluated once. */
  readonly again?: string;
}

interface EvaluateVersionResult {
  readonly evaluationId: string;
  readonly metrics: Readonly<Record<string, number | null>>;
}

export interface AssessGatesInput extends SpecRef {
  readonly version: number;
  readonly champion: number | null;
}

export interface ComputeFindingsInput extends ModelRef {
  readonly passId: string;
}

/** Task queue `data`: whatever reads or makes much data. */
export interface DataActivities {
  ingestSource(input: IngestSourceInput): Promise<IngestSourceResult>;
  /** Puts the newest values of the spec's views online, and of the views of every version that serves or may come to it. */
  materialiseFeatures(input: SpecRef): Promise<MaterialiseFeaturesResult>;
  /** How many labelled examples that are newer than a moment a frame of now would train on, and hold out. */
  countNewExamples(input: CountNewExamplesInput): Promise<NewExampleCount>;
  buildFrame(input: BuildFrameInput): Promise<BuildFrameResult>;
  /** Scores the holdout, judges metrics per slice, applies no threshold. Idempotent per version. */
  evaluateVersion(input: EvaluateVersionInput): Promise<EvaluateVersionResult>;
  /** Judges a version by the spec's gates, against the champion on the same holdout. Records the report. */
  assessGates(input: AssessGatesInput): Promise<GateReport>;
  /** One monitor pass; null when there is no champion. The findings are recorded before they are returned. */
  computeFindings(input: ComputeFindingsInput): Promise<FindingsReport | null>;
}
