import type { DatasetManifest } from '../dataset.ts';
import type { JudgedMetrics } from '../gates/judged-metrics.ts';
import type { GateReport } from '../gate-report.ts';

export interface CardDataset {
  readonly source: string;
  readonly digest: string;
  readonly rows: number;
  readonly watermark: DatasetManifest['watermark'] | null;
}

interface CardFeature {
  /** `view.column` */
  readonly name: string;
  readonly meaning: string;
}

export interface CardRun {
  readonly runId: string;
  readonly command: readonly string[];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly device: string | null;
  readonly runtime: Readonly<Record<string, unknown>>;
  readonly codeDigest: string | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
}

export interface CardDecision {
  readonly kind: string;
  readonly outcome: string;
  readonly actor: string;
  readonly reason: string;
  readonly at: string;
  readonly evidenceHash: string | null;
}

interface CardEvaluation {
  readonly id: string;
  readonly metrics: JudgedMetrics;
  /** Of single predictions in one thread; null when none was measured. */
  readonly latencyMsP99: number | null;
  readonly latencySamples: number;
}

/** All that a model card is made of. Everything is read from the registry; nothing is written by hand. */
export interface CardFacts {
  readonly model: string;
  readonly environment: string;
  readonly version: number;
  readonly stage: string;
  readonly description: string;
  readonly owner: { readonly team: string; readonly email: string | null };
  readonly labels: Readonly<Record<string, string>>;
  readonly specRevision: number;
  readonly trigger: { readonly source: string; readonly reason: string; readonly requestedBy: string };
  readonly artifact: { readonly digest: string | null; readonly sizeBytes: number | null };
  readonly frame: string | null;
  readonly datasets: readonly CardDataset[];
  readonly features: readonly CardFeature[];
  readonly run: CardRun | null;
  readonly evaluation: CardEvaluation | null;
  /** The champion that was compared with, and its metrics on its own evaluation. */
  readonly champion: { readonly version: number; readonly metrics: JudgedMetrics | null } | null;
  readonly gates: GateReport | null;
  readonly decisions: readonly CardDecision[];
  readonly warnings: readonly string[];
}
