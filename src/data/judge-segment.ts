import type { DatasetColumn } from '../domain/dataset.ts';
import type { SourceRef } from '../registry/datasets.ts';
import { writePart } from './append-batch.ts';
import type { DuckDbSession } from './duckdb.ts';
import { failureLine, judgeExpectations } from './expectations/judge-expectations.ts';
import type { FileSegment } from './file-segment.ts';
import type { FilesSource } from './ingest-files.ts';
import { readSegment } from './read-segment.ts';
import type { WantedColumns } from './read-segment.ts';
import { blurredKeys, earlierRows } from './source-ingestion.ts';
import type { IngestDependencies } from './source-ingestion.ts';

export type JudgedSegment =
  /** Its rows are in table `batch`. */
  | { readonly kind: 'good'; readonly rows: number; readonly columns: readonly DatasetColumn[] }
  /** All that is wrong is that another source does not have what it refers to, or not yet. */
  | { readonly kind: 'waits' }
  | {
      readonly kind: 'aside';
      readonly failures: readonly string[];
      readonly rows: number;
      /** Digest of its raw bytes, or of its rows as Parquet when they could be read. */
      readonly blob: string;
    };

/** Reads a file's news into table `batch` and tests it. */
export async function judgeSegment(
  deps: IngestDependencies,
  job: {
    readonly session: DuckDbSession;
    readonly ref: SourceRef;
    readonly source: FilesSource;
    readonly segment: FileSegment;
    readonly wanted: WantedColumns;
    /** Why the declared columns can't be kept with the dataset; empty when they can. */
    readonly refused: readonly string[];
    readonly viewOf: (source: string) => string | null;
    readonly existing: string | null;
    /** Whether it may be left for a later reading. */
    readonly mayWait: boolean;
  },
): Promise<JudgedSegment> {
  const { session, source, segment } = job;
  const { store } = deps;
  const rawAside = async (failures: readonly string[]): Promise<JudgedSegment> => {
    const { digest } = await store.putFile(segment.path);
    return { kind: 'aside', failures, rows: 0, blob: digest };
  };
  if (segment.refusal !== null) return rawAside([segment.refusal]);
  if (job.refused.length > 0) return rawAside(job.refused);
  const read = await readSegment(session, segment, source.format, job.wanted, 'batch');
  if (read.kind === 'unreadable') return rawAside(read.problems);
  if (read.columns.length === 0) return { kind: 'good', rows: 0, columns: [] };
  const [counted] = await session.rows<{ n: number }>('SELECT count(*) AS n FROM batch');
  const rows = counted?.n ?? 0;
  const primaryKey = source.primaryKey ?? [];
  const blurred = await blurredKeys(session, 'batch', primaryKey);
  const judged = await judgeExpectations(source.expectations, {
    session,
    source: job.ref.source,
    batch: 'batch',
    existing: await earlierRows(session, job.existing),
    primaryKey,
    viewOf: job.viewOf,
    nowMs: deps.nowMs,
  });
  const failed = judged.filter(({ verdict }) => verdict === 'fail');
  const failures = [...blurred, ...failed.map(failureLine)];
  if (failures.length === 0) return { kind: 'good', rows, columns: read.columns };
  const mayHeal = blurred.length === 0 && failed.every(({ expect }) => expect === 'references');
  if (mayHeal && job.mayWait) return { kind: 'waits' };
  const { part } = await writePart(session, store, 'SELECT * FROM batch');
  const place = `${segment.file.uri}:${String(segment.linesBefore + 1)}`;
  const placed = failures.map((failure) => `${place}: ${failure}`);
  return { kind: 'aside', failures: placed, rows, blob: part.digest };
}
