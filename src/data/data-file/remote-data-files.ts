import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { isMissingObject, s3Unavailable } from '../../artifacts/s3-client.ts';
import { DATA_FILE_NOT_FOUND, DATA_FILE_UNREADABLE } from '../../errors/data-errors.ts';
import { isPerennialError, PerennialError } from '../../errors/define-error.ts';
import { createFileAccess } from '../file-listing.ts';

/** The names of the files that a wildcard stands for, local or s3://. @throws PerennialError DATA_FILE_NOT_FOUND, DATA_FILE_UNREADABLE */
export async function expandPattern(pattern: string, s3: () => Promise<S3Client>): Promise<string[]> {
  const isS3 = pattern.startsWith('s3://');
  if (isS3) splitAddress(pattern);
  // Local patterns need no client, and making one would read AWS settings.
  const client = isS3 ? await s3() : (null as unknown as S3Client);
  const found = await createFileAccess({
    baseDirectory: process.cwd(),
    s3: client,
    directories: null,
    closed: [],
  })
    .list(pattern)
    .catch((error: unknown) => {
      throw refusal(error, pattern);
    });
  if (found.length === 0) throw new PerennialError(DATA_FILE_NOT_FOUND, `no file matches ${pattern}`);
  return found.map((file) => file.uri);
}

/** Fetches an object into a file. @throws PerennialError as `locateDataFiles` does */
export async function fetchObject(s3: () => Promise<S3Client>, name: string, path: string): Promise<void> {
  const { bucket, key } = splitAddress(name);
  try {
    const object = await (await s3()).send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    await pipeline(object.Body as Readable, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    if (isMissingObject(error)) throw new PerennialError(DATA_FILE_NOT_FOUND, `there is no object ${name}`);
    throw refusal(s3Unavailable(error, `read ${name}`), name);
  }
}

function splitAddress(address: string): { readonly bucket: string; readonly key: string } {
  const match = /^s3:\/\/([^/*]+)\/(.+)$/.exec(address);
  if (!match?.[1] || !match[2])
    throw new PerennialError(
      DATA_FILE_UNREADABLE,
      `${address} is no address of an object, such as s3://bucket/folder/file.parquet`,
    );
  return { bucket: match[1], key: match[2] };
}

/** What S3 refuses is the caller's to mend; only an S3 that does not answer is worth another try. */
function refusal(error: unknown, name: string): unknown {
  if (!isPerennialError(error)) return error;
  const { cause } = error;
  if (cause instanceof S3ServiceException) {
    const status = cause.$metadata.httpStatusCode ?? 500;
    if (status >= 500 || status === 429) return error;
    const what =
      cause.name === 'NoSuchBucket'
        ? 'there is no such bucket'
        : `S3 refused with ${cause.name} (HTTP ${String(status)})`;
    return new PerennialError(
      DATA_FILE_UNREADABLE,
      `${name} can't be read: ${what}; check the address, the region and the credentials`,
    );
  }
  if (cause instanceof Error && cause.name === 'CredentialsProviderError')
    return new PerennialError(
      DATA_FILE_UNREADABLE,
      `${name} can't be read: no S3 credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    );
  if (error.status < 500) return new PerennialError(DATA_FILE_UNREADABLE, error.message);
  return error;
}
