import { patched } from '@temporalio/workflow';
import type { IngestSourceResult, SpecRef } from '../src/contracts/activities/data.ts';
import type { RefreshDataInput } from '../src/contracts/workflows/monitoring.ts';
import { loadPolicy, loadServedSources, notify, pass } from './activity-proxies.ts';
import { fulfilled } from './fulfilled.ts';
import { quarantineNotice } from './quarantine-notice.ts';
import { sendNotice } from './send-notice.ts';
import { createStatus } from './status.ts';

/**
 * One scheduled pass: every source is read since its watermark, also one that only versions of an earlier spec take features
 * from; then the feature views are materialised. A source that fails stops neither the others nor the features, and
 * fails the pass at its end if the newest spec has it. What was set aside is told by workflows that outlive this one: a channel that is away must
 * not keep the next pass from beginning.
 */
export async function refreshData(input: RefreshDataInput): Promise<{ readonly newRows: number }> {
  const { model, environment } = input;
  const status = createStatus(input);
  status('ingest', `Reading the sources of ${model}.`);
  const { specRevision, sources } = await loadPolicy({ model, environment });
  const ref = { model, environment, specRevision };
  const served = patched('refresh-reads-served-sources')
    ? await loadServedSources({ model, environment })
    : [];
  const own = sources.map((source) => ({ source, specRevision }));
  const reads = [...own, ...served].map((read) =>
    pass.ingestSource.executeWithOptions({ summary: read.source }, [{ model, environment, ...read }]),
  );
  if (!patched('refresh-goes-on')) return await refreshAllOrNothing(ref, reads, status);
  const settled = await Promise.allSettled(reads);
  const results = fulfilled(settled);
  const newRows = results.reduce((sum, result) => sum + result.newRows, 0);
  const batches = results.flatMap((result) => result.quarantined);
  await Promise.all(batches.map((batch) => sendNotice(quarantineNotice(ref, batch))));
  const hasAll = results.every((result) => result.dataset !== null);
  if (hasAll) status('features', `${String(newRows)} new rows; materialising the feature views.`);
  const features = hasAll ? pass.materialiseFeatures(ref) : Promise.resolve(null);
  await Promise.allSettled([features]);
  // What failed, a source first: it may be why the features did.
  await Promise.all([...reads.slice(0, own.length), features]);
  const frozen = (await features)?.frozen ?? [];
  const stay = frozen.map(
    ({ view, specRevision: by, reason }) =>
      ` View ${view} of revision ${String(by)} stays as it was: ${reason}.`,
  );
  // Whoever took a source out of the spec may have switched it off: that is told, and is no failure.
  const gone = served.filter((_, i) => settled[own.length + i]?.status === 'rejected');
  const unread = gone.map(
    ({ source, specRevision: by }) => ` Source ${source} of revision ${String(by)} could not be read.`,
  );
  status(
    'done',
    `${String(newRows)} new rows; ${String(batches.length)} batches quarantined.${[...stay, ...unread].join('')}`,
  );
  return { newRows };
}

/** A pass that began before one could go on without a source or a channel. */
async function refreshAllOrNothing(
  ref: SpecRef,
  reads: readonly Promise<IngestSourceResult>[],
  status: ReturnType<typeof createStatus>,
): Promise<{ readonly newRows: number }> {
  const results = await Promise.all(reads);
  const newRows = results.reduce((sum, result) => sum + result.newRows, 0);
  const batches = results.flatMap((result) => result.quarantined);
  await Promise.all(batches.map((batch) => notify(quarantineNotice(ref, batch))));
  if (results.every((result) => result.dataset !== null)) {
    status('features', `${String(newRows)} new rows; materialising the feature views.`);
    await pass.materialiseFeatures(ref);
  }
  status('done', `${String(newRows)} new rows; ${String(batches.length)} batches quarantined.`);
  return { newRows };
}
