import { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { PerennialError } from '../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../errors/lifecycle-errors.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** Without a byte moving for this long a request counts as lost. */
const IDLE_TIMEOUT_MS = 60_000;
const MAX_ATTEMPTS = 3;

export interface S3Settings {
  /** Absent: the AWS endpoint of the region. Present: path-style addressing. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** Absent: the default credential chain of the AWS SDK. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

export function createS3Client(settings: S3Settings): S3Client {
  return new S3Client({
    region: settings.region,
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint, forcePathStyle: true }),
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
  });
}

export function isMissingObject(error: unknown): boolean {
  return (
    error instanceof S3ServiceException &&
    error.name !== 'NoSuchBucket' &&
    error.$metadata.httpStatusCode === 404
  );
}

/** The object is no longer the one whose ETag was named. */
export function isChangedObject(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412;
}

/** Any failure of S3 but a missing object. The text names what was asked and S3's own code, never a credential. */
export function s3Unavailable(error: unknown, what: string): PerennialError {
  const code = error instanceof Error ? errorCode(error) : 'unknown';
  return new PerennialError(DEPENDENCY_UNAVAILABLE, `S3 failed to ${what}: ${code}`, {
    details: { dependency: 's3', code },
    cause: error,
  });
}

function errorCode(error: Error): string {
  if (error instanceof S3ServiceException) {
    return `${error.name} (HTTP ${String(error.$metadata.httpStatusCode ?? '?')})`;
  }
  const code = (error as NodeJS.ErrnoException).code;
  return code ?? error.name;
}
