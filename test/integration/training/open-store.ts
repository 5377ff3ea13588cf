import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import type { ArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import { createS3Client } from '../../../src/artifacts/s3-client.ts';
import { freshBucket, useInfrastructure } from '../infrastructure.ts';

/** A store on an empty bucket, with a cache of its own. */
export async function openStore(): Promise<ArtifactStore> {
  const { env } = useInfrastructure();
  const client = createS3Client({
    endpoint: env['S3_ENDPOINT'],
    region: env['S3_REGION'] ?? 'us-east-1',
    credentials: {
      accessKeyId: env['S3_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: env['S3_SECRET_ACCESS_KEY'] ?? '',
    },
  });
  const cacheDirectory = mkdtempSync(join(tmpdir(), 'perennial-cache-'));
  return createArtifactStore({ client, bucket: await freshBucket(), cacheDirectory });
}
