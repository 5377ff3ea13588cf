import { patched } from '@temporalio/workflow';
import type { LifecyclePolicy } from '../../src/contracts/activities/control.ts';
import type { IngestSourceResult, QuarantinedBatch, SpecRef } from '../../src/contracts/activities/data.ts';
import { SOURCE_WITHOUT_DATASET } from '../../src/errors/lifecycle-errors.ts';
import { ingestSource } from '../activity-proxies.ts';
import { refuse } from '../failures.ts';
import { fulfilled } from '../fulfilled.ts';
import { quarantineNotice } from '../quarantine-notice.ts';
import { sendNotice } from '../send-notice.ts';

/**
 * Reads every source since its watermark. Fails where one can't be read, once it has told what the others set aside:
 * nobody meets that again. Fails too where one has never had a good batch.
 * @param tell How a production tells that began before such messages had workflows of their own.
 */
export async function readSources(
  ref: SpecRef,
  { sources }: Pick<LifecyclePolicy, 'sources'>,
  tell: (batch: QuarantinedBatch) => void,
): Promise<void> {
  const tellOf = async (results: readonly IngestSourceResult[]): Promise<void> => {
    const batches = results.flatMap((result) => result.quarantined);
    if (batches.length === 0) return;
    if (patched('quarantine-notice-of-its-own'))
      await Promise.all(batches.map((batch) => sendNotice(quarantineNotice(ref, batch))));
    else batches.forEach(tell);
  };
  const reads = sources.map((source) =>
    ingestSource.executeWithOptions({ summary: source }, [{ ...ref, source }]),
  );
  const ingested = await Promise.all(reads).catch(async (error: unknown) => {
    if (patched('failed-source-waits-for-others')) await tellOf(fulfilled(await Promise.allSettled(reads)));
    throw error;
  });
  await tellOf(ingested);
  const empty = ingested.filter((result) => result.dataset === null).map((result) => result.source);
  if (empty.length === 0) return;
  const text = `No good dataset of ${empty.join(', ')}: no batch has met the expectations yet.`;
  throw refuse(SOURCE_WITHOUT_DATASET, text);
}
