import type { RefreshDataInput } from '../src/contracts/workflows/monitoring.ts';
import { ingestSource, loadPolicy, materialiseFeatures, notify } from './activity-proxies.ts';
import { quarantineNotice } from './quarantine-notice.ts';
import { createStatus } from './status.ts';

/** One scheduled pass: every source is read since its watermark, then the feature views are materialised. */
export async function refreshData(input: RefreshDataInput): Promise<{ readonly newRows: number }> {
  const { model, environment } = input;
  const status = createStatus(input);
  status('ingest', `Reading the sources of ${model}.`);
  const { specRevision, sources } = await loadPolicy({ model, environment });
  const ref = { model, environment, specRevision };
  const results = await Promise.all(
    sources.map((source) => ingestSource.executeWithOptions({ summary: source }, [{ ...ref, source }])),
  );
  const newRows = results.reduce((sum, result) => sum + result.newRows, 0);
  const batches = results.flatMap((result) => result.quarantined);
  await Promise.all(batches.map((batch) => notify(quarantineNotice(ref, batch))));
  if (results.every((result) => result.dataset !== null)) {
    status('features', `${String(newRows)} new rows; materialising the feature views.`);
    await materialiseFeatures(ref);
  }
  status('done', `${String(newRows)} new rows; ${String(batches.length)} batches quarantined.`);
  return { newRows };
}
