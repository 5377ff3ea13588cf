import type { CanaryMetricReport, CanaryReport } from '../../contracts/canary-report.ts';
import type { z } from 'zod';
import type { DataFile } from '../../data/data-file/open-data-file.ts';
import type { DuckDbSession } from '../../data/duckdb.ts';
import { quoteName } from '../../data/sql-text.ts';
import { compareArms } from '../../domain/rollout/compare-arms.ts';
import type { ComparedMetric, Comparison } from '../../domain/rollout/compare-arms.ts';
import { USAGE } from '../../errors/cli-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import {
  mannWhitneyU,
  marginInUnit,
  marginLine,
  powerOfTest,
  requiredSampleSize,
  sampleMoments,
  sampleRatioMismatch,
  twoProportionTest,
  welchTest,
} from '../../stats/index.ts';
import type { Interval, Proportion, SampleMoments } from '../../stats/index.ts';
import { holdsNumbers, numberSql } from '../predictions/column-sql.ts';
import { missingColumn } from '../predictions/infer-task.ts';
import { DEFAULT_MARGIN } from './canary-options.ts';
import type { CanaryOptions } from './canary-options.ts';
import { explainCanary, explainMetric } from './explain-canary.ts';

type MetricReport = z.infer<typeof CanaryMetricReport>;

/** Finite values of one metric in one arm. */
interface Arm {
  readonly values: Float64Array;
  readonly missing: number;
  readonly moments: SampleMoments;
}

interface Measured extends ComparedMetric {
  readonly column: string;
  readonly control: Arm;
  readonly canary: Arm;
}

/**
 * Compares two files of per-request rows, as the analysis of a rollout compares its arms.
 * @throws PerennialError USAGE when a metric is not in both files, or is no number
 */
export async function compareCanaryFiles(
  session: DuckDbSession,
  control: DataFile,
  canary: DataFile,
  options: CanaryOptions,
): Promise<CanaryReport> {
  const inferred: CanaryReport['inferred'] = [];
  const measured: Measured[] = [];
  for (const { column, higherIsBetter, why } of options.metrics) {
    const arms = {
      control: await readArm(session, control, column),
      canary: await readArm(session, canary, column),
    };
    const kind = options.kind ?? inferKind(column, arms, inferred);
    if (why !== null)
      inferred.push({ what: `better value of ${column}`, value: higherIsBetter ? 'higher' : 'lower', why });
    const margin = options.margins.get(column) ?? DEFAULT_MARGIN;
    const compared: ComparedMetric['arms'] =
      kind === 'proportion'
        ? { kind, control: proportionOf(arms.control, column), treatment: proportionOf(arms.canary, column) }
        : { kind, control: arms.control.moments, treatment: arms.canary.moments };
    measured.push({ column, ...arms, arms: compared, margin, higherIsBetter });
  }
  const { alpha, minSamples, sequential } = options;
  const comparisons = compareArms(measured, { alpha, minSamples, look: sequential ? 'sequential' : 'final' });
  const metrics = measured.map((metric, i) => metricReport(metric, comparisons[i]!, options));
  const split = options.split === null ? null : splitOf([control.rows, canary.rows], options.split);
  return {
    schemaVersion: 1,
    control: { location: control.location, rows: control.rows },
    canary: { location: canary.location, rows: canary.rows },
    mode: sequential ? 'sequential' : 'fixed',
    alpha,
    minSamples,
    inferred,
    split,
    metrics,
    verdict: explainCanary(metrics, split, [control.rows, canary.rows]),
  };
}

async function readArm(session: DuckDbSession, file: DataFile, name: string): Promise<Arm> {
  const column = file.columns.find((one) => one.name === name);
  if (column === undefined) {
    const names = file.columns.map((one) => one.name);
    throw new PerennialError(USAGE, missingColumn(name, names, file.location));
  }
  if (!(await holdsNumbers(session, file.table, column)))
    throw new PerennialError(
      USAGE,
      `column "${name}" of ${file.location} holds ${column.type}, but a metric is a number or true and false`,
    );
  const [all] = await session.numbers(`SELECT ${numberSql(column)} FROM ${quoteName(file.table)}`);
  const values = all!.filter(Number.isFinite);
  const moments = sampleMoments(values);
  if (!Number.isFinite(moments.mean) || !Number.isFinite(moments.variance)) {
    const largest = values.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most));
    throw new PerennialError(
      USAGE,
      `column "${name}" of ${file.location} holds ${String(largest)}, too large for a mean and a spread to be computed; leave it out, or write a missing value as NULL`,
    );
  }
  return { values, missing: all!.length - values.length, moments };
}

function inferKind(
  column: string,
  arms: { readonly control: Arm; readonly canary: Arm },
  inferred: CanaryReport['inferred'],
): 'proportion' | 'mean' {
  const sides = [arms.control, arms.canary];
  const yesNo = sides.every(({ values }) => values.every((v) => v === 0 || v === 1));
  const value = yesNo ? 'proportion' : 'mean';
  const none = sides.every(({ values }) => values.length === 0);
  const why = none
    ? 'it has no value'
    : yesNo
      ? 'all its values are 0 or 1'
      : 'it has values other than 0 and 1';
  inferred.push({ what: `kind of ${column}`, value, why });
  return value;
}

function proportionOf({ values }: Arm, column: string): Proportion {
  let successes = 0;
  for (const value of values) {
    if (value !== 0 && value !== 1)
      throw new PerennialError(
        USAGE,
        `column "${column}" holds ${String(value)}; a proportion is of 0 and 1. Say --kind mean`,
      );
    successes += value;
  }
  return { successes, trials: values.length };
}

function metricReport(metric: Measured, comparison: Comparison, options: CanaryOptions): MetricReport {
  const { arms, column, higherIsBetter, margin } = metric;
  const { fixed, difference } = comparison;
  const base = metric.control.moments.mean;
  const report = {
    metric: column,
    kind: arms.kind,
    higherIsBetter,
    margin: marginInUnit(margin, base),
    control: armReport(metric.control, arms.kind),
    canary: armReport(metric.canary, arms.kind),
    difference,
    relativeDifference: difference === null || base === 0 ? null : difference / Math.abs(base),
    sequential: { interval: finite(comparison.sequence), pHarm: comparison.pHarm },
    fixed: {
      kind: fixed?.kind ?? 'insufficient_data',
      interval: fixed?.interval ? finite(fixed.interval) : null,
      pNonInferior: fixed?.pValue ?? null,
      pInferior: fixed?.pInferior ?? null,
    },
    tests: testsOf(metric),
    planning: planningOf(metric, options),
  };
  const { kind } = comparison.verdict;
  if (kind === 'skipped' || kind === 'overridden') throw new TypeError(`a comparison is never ${kind}`);
  return { ...report, verdict: { kind, reason: explainMetric(report, kind, options, margin) } };
}

function armReport({ values, missing, moments }: Arm, kind: 'proportion' | 'mean'): MetricReport['control'] {
  const { count, mean, variance } = moments;
  return {
    count,
    missing,
    successes: kind === 'proportion' ? values.reduce((a, b) => a + b, 0) : null,
    mean: count === 0 ? null : mean,
    standardDeviation: count < 2 ? null : Math.sqrt(variance),
  };
}

function testsOf({ arms, control, canary }: Measured): Record<string, number | null> {
  if (arms.kind === 'proportion') {
    const test = twoProportionTest(arms.control, arms.treatment);
    return { two_proportion: test.pTwoSided, fisher: test.fisher.pTwoSided };
  }
  return {
    welch: welchTest(arms.control, arms.treatment)?.pTwoSided ?? null,
    mann_whitney: mannWhitneyU(control.values, canary.values)?.pTwoSided ?? null,
  };
}

/**
 * Power and size of showing that equal arms do not differ by the margin: one-sided, with the control's spread in both
 * arms (Chow et al. 2017, 4.2.2). A design with a rate that is the margin away would take the wrong spread.
 */
function planningOf(metric: Measured, options: CanaryOptions): MetricReport['planning'] {
  const { control, canary, higherIsBetter } = metric;
  const { alpha, power } = options;
  const { mean } = control.moments;
  const margin = marginInUnit(metric.margin, mean);
  const ratio = control.values.length > 0 ? canary.values.length / control.values.length : 0;
  const standardDeviation = Math.sqrt(control.moments.variance);
  const input = {
    kind: 'means',
    standardDeviation,
    controlScale: marginLine(metric.margin, higherIsBetter, mean).ratio,
    difference: margin,
    alpha,
    oneSided: true,
    ratio,
  } as const;
  const possible = ratio > 0 && margin > 0 && control.moments.variance > 0;
  const required = possible ? requiredSampleSize({ ...input, power }) : null;
  return {
    power,
    powerNow: possible ? powerOfTest({ ...input, controlTrials: control.values.length }) : null,
    requiredControl: required?.control ?? null,
    requiredCanary: required?.treatment ?? null,
  };
}

function splitOf(
  rows: readonly [number, number],
  intended: readonly [number, number],
): CanaryReport['split'] {
  const found = sampleRatioMismatch(rows, intended);
  return { intended: [...intended], pValue: found?.pValue ?? null, mismatch: found?.mismatch ?? false };
}

/** JSON knows no infinity. */
function finite({ low, high }: Interval): { low: number | null; high: number | null } {
  return { low: Number.isFinite(low) ? low : null, high: Number.isFinite(high) ? high : null };
}
