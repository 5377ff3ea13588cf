import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Aftermath, Count } from '../../../examples/plantly/chaos/counts/aftermath.ts';
import type { FaultReport } from '../../../examples/plantly/chaos/inject-faults.ts';
import { createArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import { createS3Client } from '../../../src/artifacts/s3-client.ts';
import { loadConfig } from '../../../src/platform/config.ts';
import { migrate, openDatabase } from '../../../src/registry/database.ts';
import { freshBucket, freshDatabase, useInfrastructure } from '../infrastructure.ts';

export const MODEL = 'plants';
export const REF = { model: MODEL, environment: 'dev' };

/** What is left after a run in which nothing happened, and nothing went wrong. Counts don't wait. */
export interface QuietAftermath extends Aftermath {
  close(): Promise<void>;
}

export async function quietAftermath(): Promise<QuietAftermath> {
  const databaseUrl = await freshDatabase();
  const bucket = await freshBucket();
  const config = loadConfig({ ...useInfrastructure().env, DATABASE_URL: databaseUrl, S3_BUCKET: bucket });
  const db = openDatabase(databaseUrl, () => undefined, { poolSize: 3 });
  await migrate(db);
  const client = createS3Client(config.s3);
  const scratch = mkdtempSync(join(tmpdir(), 'perennial-planted-'));
  const after = {
    ...REF,
    db,
    store: createArtifactStore({ client, bucket, cacheDirectory: join(scratch, 'blobs') }),
    scratch,
    patienceMs: 0,
    history: { customers: 0, plants: 0, orders: 0, impressions: 0, clicks: 0 },
    ledger: [],
    faults: [],
    report: { story: 'test', ok: true, startedAt: '', durationMs: 0, steps: [] },
  };
  return {
    // Stack and Temporal are added by the tests whose counts ask them.
    ...(after as unknown as Aftermath),
    async close() {
      await db.end();
      client.destroy();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** @param lasted from when until when, in milliseconds since the epoch */
export const killOf = (target: 'sinks' | 'gateway', lasted: FaultReport['lasted']): FaultReport => ({
  at: '',
  lasted,
  during: '',
  fault: { kind: 'kill', target },
  hit: true,
  detail: '',
  recoveredAfterMs: 0,
});

/** The promises that are broken, by the beginnings of their names. */
export const broken = (counts: readonly Count[]): string[] =>
  counts.filter(({ ok }) => !ok).map(({ promise }) => promise.split(':')[0] ?? '');
