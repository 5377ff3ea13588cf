import type { S3Client } from '@aws-sdk/client-s3';
import type { ArtifactStore } from '../src/artifacts/artifact-store.ts';
import type { DataActivities, IngestSourceResult } from '../src/contracts/activities/data.ts';
import type { Source } from '../src/contracts/spec/sources.ts';
import { assertNever } from '../src/errors/assert-never.ts';
import { nearestName } from '../src/domain/nearest-name.ts';
import type { DuckDbOptions } from '../src/data/duckdb.ts';
import { createFileAccess } from '../src/data/file-listing.ts';
import type { FileAccessOptions } from '../src/data/file-listing.ts';
import { ingestFiles } from '../src/data/ingest-files.ts';
import type { FilesPosition } from '../src/data/ingest-files.ts';
import { ingestTable } from '../src/data/ingest-table.ts';
import type { TablePosition } from '../src/data/ingest-table.ts';
import type { GoodDataset, IngestOutcome } from '../src/data/source-ingestion.ts';
import { SOURCE_NOT_FOUND, SOURCE_UNREADABLE } from '../src/errors/data-errors.ts';
import { PerennialError } from '../src/errors/define-error.ts';
import { heartbeating } from '../src/platform/activity-context.ts';
import type { ActivityCall } from '../src/platform/activity-context.ts';
import type { Database } from '../src/registry/database.ts';
import { readSourceState, withSourceHold } from '../src/registry/datasets.ts';
import { loadSpecRecord } from '../src/registry/specs.ts';

export interface IngestActivitiesOptions {
  readonly db: Database;
  readonly store: ArtifactStore;
  /** For sources on S3. */
  readonly s3: S3Client;
  readonly duckdb: Omit<DuckDbOptions, 'signal'>;
  /** Which local files sources may read. */
  readonly files: Omit<FileAccessOptions, 's3'>;
  /** The value of a variable that a spec names; undefined when it is not set. */
  readonly secrets: (name: string) => string | undefined;
  readonly now: () => number;
}

/** A source's position with what the call that wrote it had done until then. */
interface StoredPosition {
  readonly position: TablePosition | FilesPosition | null;
  readonly call: { readonly key: string; readonly outcome: IngestOutcome };
}

const NOTHING: IngestOutcome = { newRows: 0, quarantined: [] };

export function createIngestActivities(
  options: IngestActivitiesOptions,
): Pick<DataActivities, 'ingestSource'> {
  const { db, store } = options;
  return {
    async ingestSource(input): Promise<IngestSourceResult> {
      const { spec } = await loadSpecRecord(db, input);
      const source = findSource(spec.sources, input.source);
      const ref = { model: input.model, environment: input.environment, source: input.source };
      return heartbeating((call) =>
        withSourceHold(db, ref, async (hold) => {
          const state = await readSourceState(hold.connection, ref);
          const stored = state.position as StoredPosition | null;
          // An attempt that committed and was killed before it answered: its outcome is part of this answer.
          const earlier = isRetryOf(call, stored) ? stored.call.outcome : NOTHING;
          const merge = (outcome: IngestOutcome): IngestOutcome => merged(earlier, outcome);
          const keep = (position: unknown, outcome: IngestOutcome) => ({
            position,
            call: { key: call.key, outcome: merge(outcome) },
          });
          const deps = { store, duckdb: options.duckdb, signal: call.signal, nowMs: options.now() };
          const dataset: GoodDataset | null =
            state.dataset !== null && state.manifest
              ? { digest: state.dataset, manifest: state.manifest }
              : null;
          const position = stored?.position ?? null;
          switch (source.type) {
            case 'postgres': {
              const url = connectionUrl(options, input.source, source.connection);
              const before = { dataset, position: position?.kind === 'postgres' ? position : null };
              const done = await ingestTable(deps, hold, ref, source, url, before, keep);
              return answer(input.source, done.dataset, merge(done.outcome));
            }
            case 'files': {
              const access = createFileAccess({ ...options.files, s3: options.s3 });
              const before = { dataset, position: position?.kind === 'files' ? position : null };
              const done = await ingestFiles(deps, hold, ref, source, access, before, keep);
              return answer(input.source, done.dataset, merge(done.outcome));
            }
            default:
              return assertNever(source, 'source');
          }
        }),
      );
    },
  };
}

function isRetryOf(call: ActivityCall, stored: StoredPosition | null): stored is StoredPosition {
  return call.attempt > 1 && stored?.call.key === call.key;
}

/** Batches that both attempts set aside are one. */
function merged(earlier: IngestOutcome, outcome: IngestOutcome): IngestOutcome {
  const seen = new Set(outcome.quarantined.map((batch) => batch.batchId));
  return {
    newRows: earlier.newRows + outcome.newRows,
    quarantined: [...earlier.quarantined.filter((batch) => !seen.has(batch.batchId)), ...outcome.quarantined],
  };
}

function answer(source: string, dataset: GoodDataset | null, outcome: IngestOutcome): IngestSourceResult {
  return { source, dataset: dataset?.digest ?? null, rows: dataset?.manifest.rows ?? 0, ...outcome };
}

function findSource(sources: Readonly<Record<string, Source>>, name: string): Source {
  const source = sources[name];
  if (source) return source;
  const names = Object.keys(sources);
  const near = nearestName(name, names);
  throw new PerennialError(
    SOURCE_NOT_FOUND,
    `the spec has no source "${name}"${near === null ? '' : `; did you mean "${near}"?`} It has ${names.join(', ')}`,
  );
}

function connectionUrl(options: IngestActivitiesOptions, source: string, variable: string): string {
  const url = options.secrets(variable);
  if (url !== undefined && url !== '') return url;
  throw new PerennialError(
    SOURCE_UNREADABLE,
    `source "${source}": the worker has no environment variable ${variable}; set it to the connection URL of the database`,
    { details: { source, variable } },
  );
}
