import type { PiiKind } from '../../domain/pii-kind.ts';
import type { DuckDbSession } from '../../data/duckdb.ts';
import { scanPii } from '../../data/pii/scan-pii.ts';
import type { PiiColumn } from '../../data/pii/scan-pii.ts';
import { nearestName } from '../../domain/nearest-name.ts';
import { USAGE } from '../../errors/cli-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { summaryOf } from './check-report.ts';
import type { DataSummary } from './check-report.ts';
import type { TestedFile } from './open-tested-file.ts';

/** `perennial scan --json`; docs/checks.md describes it. A change that breaks a reader raises `schemaVersion`. */
export interface ScanReport {
  readonly schemaVersion: 1;
  readonly data: DataSummary;
  /** `pii`: a column that is not allowed to holds personal data. */
  readonly verdict: 'pii' | 'possible' | 'none';
  readonly columns: readonly ScannedColumn[];
}

export type ScannedColumn = PiiColumn & {
  /** `--allow` names it: it breaches nothing. */
  readonly allowed: boolean;
};

/** Looks for personal data in the file, open as table `data`. @throws PerennialError USAGE for an unknown column */
export async function scanFile(
  session: DuckDbSession,
  file: TestedFile,
  options: { readonly allow: readonly string[]; readonly kinds: readonly PiiKind[] | null },
): Promise<ScanReport> {
  const names = file.columns.map((column) => column.name);
  for (const name of options.allow) {
    if (names.includes(name)) continue;
    const near = nearestName(name, names);
    throw new PerennialError(
      USAGE,
      `--allow: ${file.location} has no column "${name}"${near === null ? '' : `; did you mean "${near}"?`}`,
    );
  }
  const found = await scanPii(
    (sql) => session.rows(sql),
    file.table,
    file.columns,
    (kind) => options.kinds?.includes(kind) ?? true,
  );
  const columns = found.map((column) => ({ ...column, allowed: options.allow.includes(column.name) }));
  const has = (verdict: PiiColumn['verdict']): boolean =>
    columns.some((column) => column.verdict === verdict && !column.allowed);
  const verdict = has('pii') ? 'pii' : has('possible') ? 'possible' : 'none';
  return { schemaVersion: 1, data: summaryOf(file), verdict, columns };
}
