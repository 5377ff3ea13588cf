import type { Expectation } from '../../contracts/spec/expectations.ts';
import type { DuckDbSession } from '../../data/duckdb.ts';
import type { ExpectationResult } from '../../data/expectations/expectation-result.ts';
import { expectationColumns, expectationTitle } from '../../data/expectations/expectation-title.ts';
import { judgeExpectations } from '../../data/expectations/judge-expectations.ts';
import { sampleText } from '../../data/expectations/samples.ts';
import { DEFAULT_CHECK, defaultExpectations, mixedResults } from './default-expectations.ts';
import type { TestedFile } from './open-tested-file.ts';

/** `perennial check --json`; docs/checks.md describes it. A change that breaks a reader raises `schemaVersion`. */
export interface CheckReport {
  readonly schemaVersion: 1;
  readonly data: DataSummary;
  readonly verdict: 'pass' | 'fail';
  readonly counts: { readonly pass: number; readonly fail: number; readonly skipped: number };
  /** What a reader must know beside the results. */
  readonly notes: readonly string[];
  readonly expectations: readonly CheckedExpectation[];
}

/** `skipped`: it needs another source, and none was given. */
export type CheckedExpectation = Omit<ExpectationResult, 'verdict'> & {
  readonly verdict: ExpectationResult['verdict'] | 'skipped';
};

export interface DataSummary {
  readonly location: string;
  readonly format: string;
  readonly files: number;
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

export function summaryOf({ location, format, files, rows, columns }: TestedFile): DataSummary {
  return { location, format, files, rows, columns };
}

/** Judges the file, open as table `batch`. @param expectations null for the default ones */
export async function checkFile(
  session: DuckDbSession,
  file: TestedFile,
  expectations: readonly Expectation[] | null,
  viewOf: (source: string) => string | null,
): Promise<CheckReport> {
  const wanted = expectations ?? defaultExpectations(file);
  const judged = wanted.filter((e) => e.expect !== 'references' || viewOf(e.source) !== null);
  const results = await judgeExpectations(judged, {
    session,
    source: file.location,
    subject: file.location,
    batch: 'batch',
    existing: null,
    primaryKey: [],
    viewOf,
    nowMs: Date.now(),
  });
  const found = new Map(judged.map((e, i) => [e, results[i]]));
  const checked = wanted.map((e): CheckedExpectation => found.get(e) ?? skipped(e));
  const all = expectations === null ? [...mixedResults(file), ...checked] : checked;
  const count = (verdict: CheckedExpectation['verdict']): number =>
    all.filter((one) => one.verdict === verdict).length;
  const counts = { pass: count('pass'), fail: count('fail'), skipped: count('skipped') };
  return {
    schemaVersion: 1,
    data: summaryOf(file),
    verdict: counts.fail > 0 ? 'fail' : 'pass',
    counts,
    notes: expectations === null ? [DEFAULT_CHECK] : mixedNotes(file),
    expectations: all,
  };
}

function skipped(e: Expectation): CheckedExpectation {
  const other = e.expect === 'references' ? e.source : '';
  return {
    title: expectationTitle(e),
    expect: e.expect,
    columns: expectationColumns(e),
    verdict: 'skipped',
    reason: `needs source "${other}": give it by --reference ${other}=FILE`,
    rows: null,
    missing: null,
    unexpected: null,
    observed: null,
    samples: [],
  };
}

function mixedNotes(file: TestedFile): string[] {
  return file.mixed.map(({ column, message }) =>
    sampleText(`column "${column}" was read as text: ${message}`, column),
  );
}
