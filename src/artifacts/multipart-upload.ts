import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3';
import { ARTIFACT_CORRUPT } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { ArtifactRef } from './artifact-store.ts';

export const MULTIPART_FROM_BYTES = 256 * 2 ** 20;
const MIN_PART_BYTES = 64 * 2 ** 20;
const MAX_PARTS = 10_000;

/**
 * Uploads a file of any size in parts, one after the other. A failed upload leaves no parts behind.
 * @param digest What the file must still be when its last byte has been sent, as its key says so.
 * @throws PerennialError ARTIFACT_CORRUPT when it was written to meanwhile
 */
export async function uploadInParts(
  client: S3Client,
  bucket: string,
  key: string,
  path: string,
  { size, digest }: ArtifactRef,
): Promise<void> {
  const target = { Bucket: bucket, Key: key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
  const partBytes = Math.max(MIN_PART_BYTES, Math.ceil(size / MAX_PARTS));
  const parts: CompletedPart[] = [];
  const hash = createHash('sha256');
  try {
    for (let start = 0; start < size; start += partBytes) {
      const end = Math.min(start + partBytes, size);
      const PartNumber = parts.length + 1;
      const Body = Readable.from(hashed(createReadStream(path, { start, end: end - 1 }), hash), {
        objectMode: false,
      });
      const { ETag } = await client.send(
        new UploadPartCommand({ ...target, UploadId, PartNumber, Body, ContentLength: end - start }),
      );
      if (ETag === undefined) throw new Error(`S3 gave no ETag for part ${String(PartNumber)}`);
      parts.push({ ETag, PartNumber });
    }
    if (hash.digest('hex') !== digest)
      throw new PerennialError(ARTIFACT_CORRUPT, `${path} was written to while it was stored`);
    await client.send(
      new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }),
    );
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => undefined);
    throw error;
  }
}

async function* hashed(bytes: Readable, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    hash.update(chunk);
    yield chunk;
  }
}
