import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { createArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import { createS3Client } from '../../../src/artifacts/s3-client.ts';
import { loadConfig } from '../../../src/platform/config.ts';
import { connectTemporal } from '../../../src/platform/temporal-connection.ts';
import { openDatabase } from '../../../src/registry/database.ts';
import type { StoryReport } from '../../story/story.ts';
import { MODEL } from '../demo/shop.ts';
import type { PlantlyStack } from '../demo/shop.ts';
import type { HistorySize } from '../simulator/seed-history.ts';
import { countAlerts } from './counts/alerts.ts';
import { readLedger } from './counts/aftermath.ts';
import type { Count } from './counts/aftermath.ts';
import { countIngestedRows } from './counts/ingested-rows.ts';
import { countPredictions } from './counts/prediction-log.ts';
import { countRegistryTruths } from './counts/registry-truths.ts';
import { countWorkflows } from './counts/workflows.ts';
import type { FaultReport } from './inject-faults.ts';

/** What the faults held up may still arrive. */
const PATIENCE_MS = 120_000;

/** Everything that a run promised, counted on the running stack once the faults are over. */
export async function countAll({
  plantly,
  history,
  report,
  faults,
  scratch,
}: {
  readonly plantly: PlantlyStack;
  readonly history: HistorySize;
  readonly report: StoryReport;
  readonly faults: readonly FaultReport[];
  readonly scratch: string;
}): Promise<Count[]> {
  const { stack, ledgerFile } = plantly;
  const config = loadConfig(stack.env);
  const db = openDatabase(config.databaseUrl, () => undefined, { poolSize: 2 });
  const connection = await connectTemporal(config.temporal);
  const client = createS3Client(config.s3);
  try {
    const after = {
      model: MODEL,
      environment: config.environment,
      stack,
      db,
      store: createArtifactStore({
        client,
        bucket: config.s3.bucket,
        cacheDirectory: join(scratch, 'blobs'),
      }),
      temporal: new Client({ connection, namespace: config.temporal.namespace }),
      scratch,
      patienceMs: PATIENCE_MS,
      history,
      ledger: await readLedger(ledgerFile),
      faults,
      report,
    };
    return [
      ...(await countIngestedRows(after)),
      ...(await countPredictions(after)),
      ...(await countRegistryTruths(after)),
      ...(await countAlerts(after)),
      ...(await countWorkflows(after)),
    ];
  } finally {
    client.destroy();
    await connection.close();
    await db.end();
  }
}
