import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { blobKey, createArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import type { ArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import { BlobCache } from '../../../src/artifacts/blob-cache.ts';
import { uploadInParts } from '../../../src/artifacts/multipart-upload.ts';
import { createS3Client } from '../../../src/artifacts/s3-client.ts';
import { loadConfig } from '../../../src/platform/config.ts';
import { freshBucket, useInfrastructure } from '../infrastructure.ts';

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('the artifact store', () => {
  let s3: S3Client;
  let bucket: string;
  let directory: string;
  let store: ArtifactStore;
  beforeAll(async () => {
    s3 = createS3Client(loadConfig(useInfrastructure().env).s3);
    bucket = await freshBucket();
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'perennial-store-'));
    store = createArtifactStore({ client: s3, bucket, cacheDirectory: join(directory, 'cache') });
    return () => rm(directory, { recursive: true });
  });
  afterAll(() => s3.destroy());

  it('names bytes by their digest, stores them once, and gives them back', async () => {
    const bytes = randomBytes(100_000);
    const ref = { digest: sha256(bytes), size: 100_000 };
    expect(await store.putBytes(bytes)).toEqual(ref);
    const path = join(directory, 'file');
    await writeFile(path, bytes);
    expect(await store.putFile(path)).toEqual(ref);
    expect(await store.has(ref.digest)).toBe(true);
    expect(await readFile(await store.fetchFile(ref.digest))).toEqual(bytes);
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: blobKey(ref.digest) }));
    expect(listed.Contents?.map((o) => o.Key)).toEqual([
      `blobs/sha256/${ref.digest.slice(0, 2)}/${ref.digest}`,
    ]);
  });

  it('stores equal JSON once, whatever the order of its keys', async () => {
    const a = await store.putJson({ x: 1, y: [true, null] });
    expect(await store.putJson({ y: [true, null], x: 1 })).toEqual(a);
    expect(await store.readJson(a.digest)).toEqual({ x: 1, y: [true, null] });
  });

  it('stores empty files', async () => {
    const ref = await store.putBytes(new Uint8Array());
    expect((await stat(await store.fetchFile(ref.digest))).size).toBe(0);
  });

  it('says that an object is missing', async () => {
    await expect(store.fetchFile(sha256('nothing'))).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      retry: 'never',
    });
    expect(await store.has(sha256('nothing'))).toBe(false);
  });

  it('never hands out an object whose bytes are not those of its name', async () => {
    const digest = sha256('what was meant');
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: blobKey(digest), Body: 'something else' }));
    await expect(store.fetchFile(digest)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    await expect(store.readBytes(digest)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    expect(await readdir(join(directory, 'cache'))).toEqual([]);
  });

  it('works from its cache while S3 has nothing to say, and mends a damaged copy from S3', async () => {
    const { digest } = await store.putBytes(Buffer.from('precious'));
    const path = await store.fetchFile(digest);
    await writeFile(path, 'damaged!');
    expect((await store.readBytes(digest)).toString()).toBe('precious');
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: blobKey(digest) }));
    expect((await store.readBytes(digest)).toString()).toBe('precious');
  });

  it('lets many readers fetch one object at once', async () => {
    const bytes = randomBytes(1_000_000);
    const { digest } = await store.putBytes(bytes);
    const paths = await Promise.all(Array.from({ length: 8 }, () => store.fetchFile(digest)));
    for (const path of paths) expect(sha256(await readFile(path))).toBe(digest);
    expect(await readdir(join(directory, 'cache'))).toEqual([digest]);
  });

  it('makes its bucket, and finds it there', async () => {
    const other = createArtifactStore({ client: s3, bucket: `${bucket}-new`, cacheDirectory: directory });
    await other.ensureBucket();
    await other.ensureBucket();
    expect((await other.putBytes(Buffer.from('x'))).size).toBe(1);
  });

  it('uploads large files in parts', async () => {
    const bytes = randomBytes(65 * 2 ** 20);
    const path = join(directory, 'large');
    await writeFile(path, bytes);
    const digest = sha256(bytes);
    await uploadInParts(s3, bucket, blobKey(digest), path, { digest, size: bytes.length });
    expect((await stat(await store.fetchFile(digest))).size).toBe(bytes.length);
  });

  it('keeps nothing of a large file that is written to between its parts', async () => {
    const bytes = randomBytes(65 * 2 ** 20);
    const path = join(directory, 'growing');
    await writeFile(path, bytes);
    const digest = sha256(bytes);
    const send = s3.send.bind(s3);
    const sendAndWrite = async (command: Parameters<typeof send>[0]): Promise<unknown> => {
      const answer: unknown = await send(command);
      if (command instanceof UploadPartCommand && command.input.PartNumber === 1)
        await writeFile(path, randomBytes(bytes.length));
      return answer;
    };
    const written = vi.spyOn(s3, 'send').mockImplementation(sendAndWrite as never);
    const upload = uploadInParts(s3, bucket, blobKey(digest), path, { digest, size: bytes.length });
    await expect(upload).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    written.mockRestore();
    expect(await store.has(digest)).toBe(false);
    const left = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect(left.Uploads ?? []).toEqual([]);
  });

  it('says that S3 is away, without its credentials, and that a retry can help', async () => {
    const client = createS3Client({
      endpoint: 'http://127.0.0.1:1',
      region: 'us-east-1',
      credentials: { accessKeyId: 'id', secretAccessKey: 'very-secret' },
    });
    const away = createArtifactStore({ client, bucket, cacheDirectory: directory });
    const asks = [
      () => away.putBytes(Buffer.from('x')),
      () => away.fetchFile(sha256('x')),
      () => away.ensureBucket(),
      () => away.has(sha256('x')),
    ];
    for (const ask of asks) {
      const failure = (await ask().catch((error: unknown) => error)) as Error;
      expect(failure).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE', retry: 'later' });
      expect(failure.message).toContain('ECONNREFUSED');
      expect(failure.message).not.toContain('very-secret');
    }
  });
});

describe('the local cache', () => {
  it('drops the least recently used beyond its bound, but never what is in use', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'perennial-cache-'));
    const cache = new BlobCache(directory, 250);
    const hour = 3_600_000;
    for (const [name, ageHours] of [
      ['oldest', 3],
      ['older', 2],
      ['old', 1],
      ['fresh', 0],
    ] as const) {
      await writeFile(join(directory, name), Buffer.alloc(100));
      const at = new Date(Date.now() - ageHours * hour);
      await utimes(join(directory, name), at, at);
    }
    await cache.find('oldest');
    await cache.evict();
    expect((await readdir(directory)).sort()).toEqual(['fresh', 'oldest']);
    await rm(directory, { recursive: true });
  });

  it('looks through its folder once a sixteenth of its bound has come in, and at each entry while it is beyond it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'perennial-cache-'));
    const cache = new BlobCache(directory, 1600);
    let entries = 0;
    const insert = (size: number) => {
      const bytes = Buffer.from(String(entries++).padStart(size, '0'));
      return cache.insert(sha256(bytes), Readable.from([bytes]));
    };
    const left = async () => (await readdir(directory)).filter((name) => name.startsWith('old')).length;
    const addOld = async (count: number, at: Date) => {
      for (let i = 0; i < count; i += 1) {
        const path = join(directory, `old-${entries++}`);
        await writeFile(path, Buffer.alloc(100));
        await utimes(path, at, at);
      }
    };
    const yesterday = new Date(Date.now() - 24 * 3_600_000);
    await addOld(20, yesterday);
    await insert(10);
    expect(await left()).toBe(15);
    await addOld(5, yesterday);
    await insert(60);
    expect(await left()).toBe(20);
    await insert(60);
    expect(await left()).toBe(14);
    // What is in use goes only later, even where the bound is exceeded.
    await addOld(20, new Date());
    await insert(120);
    expect(await left()).toBe(20);
    for (const name of await readdir(directory)) await utimes(join(directory, name), yesterday, yesterday);
    await insert(2);
    expect(await left()).toBeLessThan(20);
    await rm(directory, { recursive: true });
  });
});
