import type { ColumnDrift, DriftMeasures, DriftReport } from '../../contracts/reports/drift-report.ts';
import type { DataFile } from '../../data/data-file/open-data-file.ts';
import type { ComparedColumn } from '../../data/drift/compare-columns.ts';
import type { ColumnDriftVerdict, SetAside } from '../../stats/index.ts';
import { assessDatasetDrift, explainDrift } from '../../stats/index.ts';

const NAMES = [
  'psi',
  'js_distance',
  'js_divergence',
  'kl',
  'hellinger',
  'tvd',
  'l_infinity',
  'ks',
  'wasserstein_normed',
  'chi_square',
] as const satisfies readonly (keyof DriftMeasures)[];

/** The documented record of a comparison. */
export function driftReport(
  reference: DataFile,
  current: DataFile,
  compared: readonly ComparedColumn[],
  share: number,
): DriftReport {
  const columns = compared.map(columnRecord);
  const dataset = assessDatasetDrift(
    columns.map(({ verdict }) => ({ kind: verdict })),
    share,
  );
  return {
    schemaVersion: 1,
    reference: { location: reference.location, rows: reference.rows },
    current: { location: current.location, rows: current.rows },
    columns,
    dataset: { drifted_share: dataset.driftedShare, verdict: dataset.kind, reason: dataset.reason },
  };
}

/** Whether a column is not what it was: its values, or how often they are missing. */
export function isBreach(column: ColumnDrift): boolean {
  return column.verdict === 'drifted' || column.missing_drifted;
}

function columnRecord({ column, reference, current, measures, verdict }: ComparedColumn): ColumnDrift {
  const rate = (side: SetAside, count: number): number | null => (side.rows > 0 ? count / side.rows : null);
  const base = {
    name: column.name,
    kind: column.kind ?? 'other',
    missing: { reference: rate(reference, reference.missing), current: rate(current, current.missing) },
    infinite: { reference: rate(reference, reference.infinite), current: rate(current, current.infinite) },
  } as const;
  if (measures === null || verdict === null) {
    const reason = `values of type ${[...new Set(column.types)].join(' and ')} are not compared`;
    return {
      ...base,
      // Nobody has looked at such values, so nothing is known of the missing ones either.
      missing: { reference: null, current: null },
      infinite: { reference: null, current: null },
      missing_drifted: false,
      measures: Object.fromEntries(NAMES.map((name) => [name, null])) as unknown as DriftMeasures,
      measure_reasons: Object.fromEntries(NAMES.map((name) => [name, reason])),
      ...{ method: null, value: null, threshold: null, p_value: null, smallest_detectable: null },
      verdict: 'insufficient_data',
      reason,
    };
  }
  const known = Object.fromEntries(NAMES.map((name) => [name, measures[name]])) as DriftMeasures;
  const judged = verdict.kind === 'insufficient_data' ? null : verdict;
  const value = judged === null ? null : valueOfAll(judged, known);
  const why = reasonOf(verdict, value, { reference, current });
  return {
    ...base,
    missing_drifted: verdict.missing.drifted,
    measures: known,
    measure_reasons: Object.fromEntries(
      NAMES.flatMap((name) => (measures.reasons[name] === undefined ? [] : [[name, measures.reasons[name]]])),
    ),
    method: verdict.method,
    value,
    threshold: verdict.threshold,
    verdict: verdict.kind,
    reason: verdict.missing.drifted ? `${why}; the share of missing values moved` : why,
    p_value: judged?.pValue ?? null,
    smallest_detectable: judged?.smallestDetectable ?? null,
  };
}

/** Told of the value that is shown, which may be that of all rows and not of the cells that were judged. */
function reasonOf(
  verdict: ColumnDriftVerdict,
  value: number | null,
  sides: { readonly reference: SetAside; readonly current: SetAside },
): string {
  if (verdict.kind === 'insufficient_data' || value === null) return verdict.reason;
  const [deciding] = verdict.evidence;
  const usable = ({ rows, missing, infinite }: SetAside): number => rows - missing - infinite;
  return deciding === undefined
    ? verdict.reason
    : explainDrift(
        { ...deciding, value },
        { reference: usable(sides.reference), current: usable(sides.current) },
      );
}

type Judged = Exclude<ColumnDriftVerdict, { kind: 'insufficient_data' }>;

/** The measure over all values, where the verdict looked at fewer cells and the two agree on it. */
function valueOfAll(verdict: Judged, measures: DriftMeasures): number {
  const measure = measures[verdict.method];
  const value = typeof measure === 'object' ? measure?.statistic : measure;
  if (value === undefined || value > verdict.threshold !== verdict.value > verdict.threshold)
    return verdict.value;
  return value;
}
