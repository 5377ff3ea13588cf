import { join } from 'node:path';
import type { QuarantinedBatch } from '../contracts/activities/data.ts';
import type { Source } from '../contracts/spec/sources.ts';
import { storable } from '../contracts/storable-text.ts';
import type { DatasetColumn } from '../domain/dataset.ts';
import type { QuarantineRow, SourceHold, SourceRef } from '../registry/datasets.ts';
import { appendBatch } from './append-batch.ts';
import { attachDataset } from './dataset-views.ts';
import { withDuckDb } from './duckdb.ts';
import type { DuckDbSession } from './duckdb.ts';
import type { FileAccess, ListedFile } from './file-listing.ts';
import { hasNews } from './file-progress.ts';
import type { FileProgress } from './file-progress.ts';
import { takeSegment } from './file-segment.ts';
import type { FileSegment } from './file-segment.ts';
import { listFollowed, readingOrder } from './follow-renames.ts';
import { judgeSegment } from './judge-segment.ts';
import { attachReferences, batchIdOf, newestEventTime, typeChanges } from './source-ingestion.ts';
import type { GoodDataset, IngestDependencies, IngestOutcome } from './source-ingestion.ts';
import { quoteName } from './sql-text.ts';

export type FilesSource = Extract<Source, { type: 'files' }>;

export interface FilesPosition {
  readonly kind: 'files';
  readonly files: Readonly<Record<string, FileProgress>>;
  /** Readings in a row, up to the last, that left news for later. */
  readonly waited?: number;
}

/** Files that are committed together: what a killed worker may have to read again. */
const FILES_PER_COMMIT = 200;
const BYTES_PER_COMMIT = 2 ** 30;
/**
 * Sources are read at once. What refers to another source in vain waits for the reading after the next: until then, that
 * source has been read whole from after the time when this was met.
 */
const READINGS_WAITED = 2;

export interface FilesReading {
  readonly dataset: GoodDataset | null;
  readonly position: FilesPosition;
  readonly outcome: IngestOutcome;
  /** Readings in a row before this one that left news for later. */
  readonly waited: number;
  /** Whether this one does. */
  readonly waits: boolean;
}

/**
 * Reads files that are new and lines that were added, in the order of the files' names, renamed files first. Each
 * file's news is a batch of its own: one that can't be read or fails an expectation is set aside, and the next ones go
 * on. One that only refers to rows that another source doesn't have may wait; with a primary key what comes after it
 * waits too, as it may replace it.
 */
export async function ingestFiles(
  deps: IngestDependencies,
  hold: SourceHold,
  ref: SourceRef,
  source: FilesSource,
  access: FileAccess,
  before: { readonly dataset: GoodDataset | null; readonly position: FilesPosition | null },
  keep: (position: unknown, outcome: IngestOutcome) => unknown,
): Promise<FilesReading> {
  const growing = source.format === 'ndjson';
  const earlier = before.position?.files ?? {};
  const { listed, files: known, renamed } = await listFollowed(access, source.uri, earlier, growing);
  let reading: FilesReading = {
    dataset: before.dataset,
    position: { kind: 'files', files: known },
    outcome: { newRows: 0, quarantined: [] },
    waited: before.position?.waited ?? 0,
    waits: false,
  };
  const news = listed.filter((file) => hasNews(file, known[file.uri]));
  for (const files of chunksOf(readingOrder(news, renamed))) {
    if (reading.waits && isKeyed(source)) break;
    reading = await ingestChunk(deps, hold, ref, source, access, files, reading, keep);
  }
  return reading;
}

function isKeyed(source: FilesSource): boolean {
  return source.primaryKey !== undefined;
}

function chunksOf(files: readonly ListedFile[]): ListedFile[][] {
  const chunks: ListedFile[][] = [];
  let bytes = Infinity;
  for (const file of files) {
    const last = chunks.at(-1);
    if (!last || last.length >= FILES_PER_COMMIT || bytes + file.size > BYTES_PER_COMMIT) {
      chunks.push([file]);
      bytes = file.size;
    } else {
      last.push(file);
      bytes += file.size;
    }
  }
  return chunks;
}

async function ingestChunk(
  deps: IngestDependencies,
  hold: SourceHold,
  ref: SourceRef,
  source: FilesSource,
  access: FileAccess,
  files: readonly ListedFile[],
  before: FilesReading,
  keep: (position: unknown, outcome: IngestOutcome) => unknown,
): Promise<FilesReading> {
  return withDuckDb({ ...deps.duckdb, signal: deps.signal }, async (session) => {
    const { store } = deps;
    const parent = before.dataset && {
      ...before.dataset,
      files: await attachDataset(session, store, 'existing', before.dataset.manifest),
    };
    const viewOf = await attachReferences(session, store, hold, ref, source);
    const progress: Record<string, FileProgress> = { ...before.position.files };
    const quarantined: QuarantineRow[] = [];
    const accepted: FileSegment[] = [];
    const declared = declaredColumns(source);
    let columns = declared ?? parent?.manifest.columns ?? [];
    const refused = typeChanges(parent?.manifest ?? null, columns);
    // Where there is no data yet, what is wrong with it is told at once.
    const mayWait = before.waited < READINGS_WAITED && parent !== null;
    let { waits } = before;

    for (const [index, file] of files.entries()) {
      const path = join(session.directory, `segment-${String(index)}`);
      const growing = source.format === 'ndjson';
      const segment = await takeSegment(access, file, progress[file.uri], growing, path);
      if (segment === null) continue;
      if (segment.bytes === 0 && segment.refusal === null) {
        progress[file.uri] = segment.next;
        continue;
      }
      const judged = await judgeSegment(deps, {
        session,
        ref,
        source,
        segment,
        wanted: { columns, mayGrow: declared === null },
        refused,
        viewOf,
        existing: await knownRows(session, parent !== null, accepted.length > 0),
        mayWait,
      });
      if (judged.kind === 'waits') {
        waits = true;
        if (isKeyed(source)) break;
        continue;
      }
      if (judged.kind === 'aside') {
        const batchId = batchIdOf(ref, file.uri, String(segment.from), segment.next.digest);
        const failures = judged.failures.map(storable);
        quarantined.push({ batchId, rows: judged.rows, blob: judged.blob, failures });
        // Where the spec is at fault, the file is read as soon as that is mended.
        if (refused.length === 0) progress[file.uri] = segment.next;
        continue;
      }
      progress[file.uri] = { ...segment.next, nothingTaken: segment.next.nothingTaken && judged.rows === 0 };
      if (judged.rows > 0) {
        columns = judged.columns;
        await accept(session, accepted.length === 0);
        accepted.push(segment);
      }
    }
    return commit({
      deps,
      hold,
      ref,
      source,
      session,
      before,
      parent,
      progress,
      waits,
      quarantined,
      accepted,
      keep,
    });
  });
}

function declaredColumns(source: FilesSource): readonly DatasetColumn[] | null {
  if (!source.columns) return null;
  return Object.entries(source.columns).map(([name, type]) => ({ name, type }));
}

async function accept(session: DuckDbSession, first: boolean): Promise<void> {
  if (first) return session.run('CREATE TABLE accepted AS SELECT * FROM batch');
  const known = new Set((await session.columns('accepted')).map((c) => c.name));
  for (const { name, type } of await session.columns('batch'))
    if (!known.has(name)) await session.run(`ALTER TABLE accepted ADD COLUMN ${quoteName(name)} ${type}`);
  await session.run('INSERT INTO accepted BY NAME SELECT * FROM batch');
}

/** What a batch's keys must not repeat: the dataset, and what this call has taken already. */
async function knownRows(
  session: DuckDbSession,
  hasParent: boolean,
  hasAccepted: boolean,
): Promise<string | null> {
  if (!hasAccepted) return hasParent ? 'existing' : null;
  if (!hasParent) return 'accepted';
  await session.run(
    'CREATE OR REPLACE VIEW known AS SELECT * FROM existing UNION ALL BY NAME SELECT * FROM accepted',
  );
  return 'known';
}

async function commit(job: {
  readonly deps: IngestDependencies;
  readonly hold: SourceHold;
  readonly ref: SourceRef;
  readonly source: FilesSource;
  readonly session: DuckDbSession;
  readonly before: FilesReading;
  readonly parent: (GoodDataset & { readonly files: readonly string[] }) | null;
  readonly progress: Record<string, FileProgress>;
  readonly waits: boolean;
  readonly quarantined: readonly QuarantineRow[];
  readonly accepted: readonly FileSegment[];
  readonly keep: (position: unknown, outcome: IngestOutcome) => unknown;
}): Promise<FilesReading> {
  const { before, session, source, ref, accepted } = job;
  const [first, last] = [accepted[0], accepted.at(-1)];
  const appended =
    first && last
      ? await appendBatch(session, job.deps.store, {
          ref,
          table: 'accepted',
          parent: job.parent,
          keepParent: true,
          primaryKey: source.primaryKey ?? [],
          watermark: { from: placeOf(first, first.from), to: placeOf(last, last.next.bytes) },
        })
      : null;
  const newRows = appended ? await countRows(session, 'accepted') : 0;
  const outcome: IngestOutcome = {
    newRows: before.outcome.newRows + newRows,
    quarantined: [
      ...before.outcome.quarantined,
      ...job.quarantined.map(({ batchId, rows, failures }): QuarantinedBatch => ({
        batchId,
        source: ref.source,
        rows,
        failures,
      })),
    ],
  };
  const { waited } = before;
  const position: FilesPosition = {
    kind: 'files',
    files: job.progress,
    ...(job.waits && { waited: waited + 1 }),
  };
  await job.hold.advance({
    dataset: appended,
    newRows,
    position: job.keep(position, outcome),
    eventTimeMaxMs: appended ? await newestEventTime(session, 'accepted', source, job.deps.nowMs) : null,
    quarantined: job.quarantined,
  });
  return { dataset: appended ?? before.dataset, position, outcome, waited, waits: job.waits };
}

function placeOf(segment: FileSegment, byte: number): string {
  return `${segment.file.uri}@${String(byte)}`;
}

async function countRows(session: DuckDbSession, table: string): Promise<number> {
  const [row] = await session.rows(`SELECT count(*) AS n FROM ${quoteName(table)}`);
  return Number(row?.n);
}
