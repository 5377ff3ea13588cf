import type { Notice } from '../src/contracts/activities/control.ts';
import type { QuarantinedBatch } from '../src/contracts/activities/data.ts';
import type { ModelRef } from '../src/contracts/workflows/ids.ts';

/** Tells that a batch was set aside. Its key is the batch, so that whoever meets it first tells it, once. */
export function quarantineNotice({ model, environment }: ModelRef, batch: QuarantinedBatch): Notice {
  const key = `${environment}/${model}/quarantine/${batch.batchId}`;
  return {
    model,
    environment,
    key,
    thread: key,
    kind: 'batch_quarantined',
    severity: 'warning',
    title: `A batch of ${batch.source} was quarantined`,
    text: `${String(batch.rows)} rows did not meet the expectations; ${model} goes on with the last good data. ${batch.failures.join(' ')}`,
    facts: { source: batch.source, batch: batch.batchId, rows: String(batch.rows) },
    actions: [],
    escalate: false,
  };
}
