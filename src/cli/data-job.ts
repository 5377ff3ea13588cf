import { tmpdir } from 'node:os';
import type { S3Client } from '@aws-sdk/client-s3';
import { InvalidArgumentError } from 'commander';
import { withDuckDb } from '../data/duckdb.ts';
import type { DuckDbSession } from '../data/duckdb.ts';
import type { FileFormat } from '../data/read-segment.ts';
import { withoutScratchPaths } from '../data/scratch-directory.ts';
import { DATA_JOB_FAILED } from '../errors/data-errors.ts';
import { isPerennialError, PerennialError } from '../errors/define-error.ts';

/** Leaves room for Node and for DuckDB's buffers beside its limit: the process stays below a GiB. */
const MEMORY_MB = 450;

/**
 * Runs the work of a command that needs files and no server, in a scratch database that is gone afterwards.
 * @throws PerennialError always with a code; DATA_JOB_FAILED for what DuckDB could not do
 */
export async function withDataJob<T>(work: (session: DuckDbSession) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new PerennialError(DATA_JOB_FAILED, 'stopped by a signal'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    return await withDuckDb({ directory: tmpdir(), memoryMb: MEMORY_MB, signal: stop.signal }, work);
  } catch (error) {
    if (isPerennialError(error) || !(error instanceof Error)) throw error;
    const message = withoutScratchPaths(error.message.split('\n')[0] ?? '');
    throw new PerennialError(DATA_JOB_FAILED, message, { cause: error });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** S3 as the servers know it (S3_…), else by the AWS SDK's own variables and files. */
export async function s3FromEnvironment(): Promise<S3Client> {
  const { env } = process;
  // The SDK's advice on Node versions is none of what the command was asked.
  env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const accessKeyId = env['S3_ACCESS_KEY_ID'] || env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['S3_SECRET_ACCESS_KEY'] || env['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = env['AWS_SESSION_TOKEN'];
  // Only now, because the SDK takes long to load.
  const { createS3Client } = await import('../artifacts/s3-client.ts');
  return createS3Client({
    endpoint: env['S3_ENDPOINT'] || env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || undefined,
    region: env['S3_REGION'] || env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || 'us-east-1',
    // A session token belongs to a chain that only the SDK follows.
    credentials:
      accessKeyId && secretAccessKey && !sessionToken ? { accessKeyId, secretAccessKey } : undefined,
  });
}

/** For `--format`. */
export function formatOption(value: string): FileFormat {
  if (value === 'csv' || value === 'parquet' || value === 'ndjson') return value;
  throw new InvalidArgumentError('It is csv, parquet or ndjson.');
}

/** For options that take a comma-separated list and may be repeated. */
export function listOption(value: string, before: readonly string[] = []): string[] {
  const named = value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (named.length === 0) throw new InvalidArgumentError('It names nothing.');
  return [...before, ...named];
}
