import type { Expectation } from '../../contracts/spec/expectations.ts';
import { scanPii } from '../pii/scan-pii.ts';
import type { PiiColumn } from '../pii/scan-pii.ts';
import type { Batch } from './batch.ts';
import { wholeFinding } from './expectation-result.ts';
import type { Finding } from './expectation-result.ts';

/** Whether columns are free of personal data. It names columns and kinds, and shows no value. */
export async function judgeNoPii(
  e: Extract<Expectation, { expect: 'no_pii' }>,
  batch: Batch,
): Promise<Finding> {
  for (const name of [...(e.columns ?? []), ...(e.except ?? [])]) batch.column(name);
  const looked = batch.columns.filter(
    ({ name }) => (e.columns?.includes(name) ?? true) && !e.except?.includes(name),
  );
  const found = await scanPii(
    (sql) => batch.scan.trusted(sql),
    batch.context.batch,
    looked,
    (kind) => e.kinds?.includes(kind) ?? true,
  );
  const bad = found.filter(
    (column) => column.piiValues > 0 && (column.values - column.piiValues) / column.values < e.mostly,
  );
  const unexpected = { count: found.reduce((sum, column) => sum + column.piiValues, 0), share: null };
  if (bad.length === 0)
    return wholeFinding(true, `no personal data in ${String(looked.length)} columns`, { unexpected });
  return wholeFinding(false, bad.map(columnText).join('; '), {
    unexpected,
    observed: bad.map((column) => column.name),
  });
}

function columnText(column: PiiColumn): string {
  const kinds = column.kinds
    .filter((kind) => kind.verdict === 'pii')
    .map((kind) => `${kind.kind} in ${column.sampled ? 'about ' : ''}${String(kind.values)}`);
  return `column "${column.name}" holds ${kinds.join(', ')} of ${String(column.values)} values`;
}
