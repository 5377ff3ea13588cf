import { patched } from '@temporalio/workflow';
import type { LifecyclePolicy } from '../../src/contracts/activities/control.ts';
import type { IngestSourceResult, QuarantinedBatch, SpecRef } from '../../src/contracts/activities/data.ts';
import { SOURCE_WITHOUT_DATASET } from '../../src/errors/lifecycle-errors.ts';
import { ingestSource } from '../activity-proxies.ts';
import { refuse } from '../failures.ts';
import { fulfilled } from '../fulfilled.ts';

/**
 * Reads every source since its watermark. Fails where one can't be read, once it has told what the others set aside:
 * nobody meets that again. Fails too where one has never had a good batch.
 */
export async function readSources(
  ref: SpecRef,
  { sources }: Pick<LifecyclePolicy, 'sources'>,
  tell: (batch: QuarantinedBatch) => void,
): Promise<void> {
  const tellOf = (results: readonly IngestSourceResult[]): void => {
    for (const batch of results.flatMap((result) => result.quarantined)) tell(batch);
  };
  const reads = sources.map((source) =>
    ingestSource.executeWithOptions({ summary: source }, [{ ...ref, source }]),
  );
  const ingested = await Promise.all(reads).catch(async (error: unknown) => {
    if (patched('failed-source-waits-for-others')) tellOf(fulfilled(await Promise.allSettled(reads)));
    throw error;
  });
  tellOf(ingested);
  const empty = ingested.filter((result) => result.dataset === null).map((result) => result.source);
  if (empty.length === 0) return;
  const text = `No good dataset of ${empty.join(', ')}: no batch has met the expectations yet.`;
  throw refuse(SOURCE_WITHOUT_DATASET, text);
}
