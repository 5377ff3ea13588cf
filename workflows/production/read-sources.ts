import type { LifecyclePolicy } from '../../src/contracts/activities/control.ts';
import type { QuarantinedBatch, SpecRef } from '../../src/contracts/activities/data.ts';
import { SOURCE_WITHOUT_DATASET } from '../../src/errors/lifecycle-errors.ts';
import { ingestSource } from '../activity-proxies.ts';
import { refuse } from '../failures.ts';

/** Reads every source since its watermark; fails where one has never had a good batch. */
export async function readSources(
  ref: SpecRef,
  { sources }: Pick<LifecyclePolicy, 'sources'>,
  tell: (batch: QuarantinedBatch) => void,
): Promise<void> {
  const ingested = await Promise.all(
    sources.map((source) => ingestSource.executeWithOptions({ summary: source }, [{ ...ref, source }])),
  );
  for (const batch of ingested.flatMap((result) => result.quarantined)) tell(batch);
  const empty = ingested.filter((result) => result.dataset === null).map((result) => result.source);
  if (empty.length === 0) return;
  const text = `No good dataset of ${empty.join(', ')}: no batch has met the expectations yet.`;
  throw refuse(SOURCE_WITHOUT_DATASET, text);
}
