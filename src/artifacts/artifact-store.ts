import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { canonicalJson } from '../domain/canonical-json.ts';
import { ARTIFACT_CORRUPT, ARTIFACT_NOT_FOUND } from '../errors/data-errors.ts';
import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import { BlobCache, digestOfFile } from './blob-cache.ts';
import { MULTIPART_FROM_BYTES, uploadInParts } from './multipart-upload.ts';
import { isMissingObject, s3Unavailable } from './s3-client.ts';

const DEFAULT_CACHE_BYTES = 4 * 2 ** 30;

export interface ArtifactRef {
  /** SHA-256 of the bytes, lower-case hexadecimal. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Every large byte of the product: immutable objects named by their SHA-256. Putting the same bytes twice is one
 * object. What is read has been checked against its name.
 * @throws PerennialError ARTIFACT_NOT_FOUND, ARTIFACT_CORRUPT, or DEPENDENCY_UNAVAILABLE when S3 is down.
 */
export interface ArtifactStore {
  /** Makes the bucket unless it is there. */
  ensureBucket(): Promise<void>;
  putFile(path: string): Promise<ArtifactRef>;
  putBytes(bytes: Uint8Array): Promise<ArtifactRef>;
  /** Stored as canonical JSON, so that equal values are one object. */
  putJson(value: unknown): Promise<ArtifactRef>;
  has(digest: string): Promise<boolean>;
  /** A read-only local file in a bounded cache. Link or copy it to keep it for longer than ten minutes. */
  fetchFile(digest: string): Promise<string>;
  open(digest: string): Promise<Readable>;
  readBytes(digest: string): Promise<Buffer>;
  /** The caller vouches for the type: it is what was put under this digest. */
  readJson<T>(digest: string): Promise<T>;
}

export interface ArtifactStoreOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly cacheDirectory: string;
  readonly cacheBytes?: number;
}

export function blobKey(digest: string): string {
  return `blobs/sha256/${digest.slice(0, 2)}/${digest}`;
}

export function createArtifactStore(options: ArtifactStoreOptions): ArtifactStore {
  const { client, bucket } = options;
  const cache = new BlobCache(options.cacheDirectory, options.cacheBytes ?? DEFAULT_CACHE_BYTES);

  async function attempt<T>(what: string, digest: string | null, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isPerennialError(error)) throw error;
      if (digest !== null && isMissingObject(error)) {
        throw new PerennialError(ARTIFACT_NOT_FOUND, `no object of digest ${digest} in bucket ${bucket}`);
      }
      throw s3Unavailable(error, what);
    }
  }

  async function sizeOf(digest: string): Promise<number | null> {
    return attempt(`look for ${digest}`, null, async () => {
      try {
        const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: blobKey(digest) }));
        return head.ContentLength ?? 0;
      } catch (error) {
        if (isMissingObject(error)) return null;
        throw error;
      }
    });
  }

  async function put(ref: ArtifactRef, body: () => Uint8Array | Readable): Promise<ArtifactRef> {
    if ((await sizeOf(ref.digest)) === ref.size) return ref;
    await attempt(`write ${ref.digest}`, null, () =>
      client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: blobKey(ref.digest),
          Body: body(),
          ContentLength: ref.size,
          // The server refuses bytes that were damaged on their way.
          ChecksumSHA256: Buffer.from(ref.digest, 'hex').toString('base64'),
        }),
      ),
    );
    return ref;
  }

  async function putBytes(bytes: Uint8Array): Promise<ArtifactRef> {
    const digest = createHash('sha256').update(bytes).digest('hex');
    return put({ digest, size: bytes.byteLength }, () => bytes);
  }

  async function download(digest: string): Promise<Readable> {
    return attempt(`read ${digest}`, digest, async () => {
      const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: blobKey(digest) }));
      return object.Body as Readable;
    });
  }

  async function fetchFile(digest: string): Promise<string> {
    const cached = await cache.find(digest);
    if (cached !== null) return cached;
    const { path, found } = await attempt(`read ${digest}`, digest, async () =>
      cache.insert(digest, await download(digest)),
    );
    if (found !== digest) {
      throw new PerennialError(ARTIFACT_CORRUPT, `the object named ${digest} has the digest ${found}`);
    }
    return path;
  }

  async function readBytes(digest: string): Promise<Buffer> {
    const bytes = await readFile(await fetchFile(digest));
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found === digest) return bytes;
    // The local copy was damaged: the store's own is the truth.
    await cache.remove(digest);
    return readFile(await fetchFile(digest));
  }

  return {
    putBytes,
    fetchFile,
    readBytes,
    async ensureBucket() {
      await attempt(`find bucket ${bucket}`, null, async () => {
        try {
          await client.send(new HeadBucketCommand({ Bucket: bucket }));
        } catch (error) {
          if (!isMissingObject(error)) throw error;
          await client.send(new CreateBucketCommand({ Bucket: bucket }));
        }
      });
    },
    async putFile(path) {
      const { size } = await stat(path);
      const ref = { digest: await digestOfFile(path), size };
      if (size < MULTIPART_FROM_BYTES) return put(ref, () => createReadStream(path));
      if ((await sizeOf(ref.digest)) === size) return ref;
      await attempt(`write ${ref.digest}`, null, () =>
        uploadInParts(client, bucket, blobKey(ref.digest), path, ref),
      );
      return ref;
    },
    putJson: (value) => putBytes(Buffer.from(canonicalJson(value))),
    has: async (digest) => (await sizeOf(digest)) !== null,
    open: async (digest) => createReadStream(await fetchFile(digest)),
    readJson: async <T>(digest: string) => JSON.parse((await readBytes(digest)).toString('utf8')) as T,
  };
}
