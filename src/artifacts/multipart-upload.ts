import { createReadStream } from 'node:fs';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3';

export const MULTIPART_FROM_BYTES = 256 * 2 ** 20;
const MIN_PART_BYTES = 64 * 2 ** 20;
const MAX_PARTS = 10_000;

/** Uploads a file of any size in parts, one after the other. A failed upload leaves no parts behind. */
export async function uploadInParts(
  client: S3Client,
  bucket: string,
  key: string,
  path: string,
  size: number,
): Promise<void> {
  const target = { Bucket: bucket, Key: key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
  const partBytes = Math.max(MIN_PART_BYTES, Math.ceil(size / MAX_PARTS));
  const parts: CompletedPart[] = [];
  try {
    for (let start = 0; start < size; start += partBytes) {
      const end = Math.min(start + partBytes, size);
      const PartNumber = parts.length + 1;
      const Body = createReadStream(path, { start, end: end - 1 });
      const { ETag } = await client.send(
        new UploadPartCommand({ ...target, UploadId, PartNumber, Body, ContentLength: end - start }),
      );
      if (ETag === undefined) throw new Error(`S3 gave no ETag for part ${String(PartNumber)}`);
      parts.push({ ETag, PartNumber });
    }
    await client.send(
      new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }),
    );
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => undefined);
    throw error;
  }
}
