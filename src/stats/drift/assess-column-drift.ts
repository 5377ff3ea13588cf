import type { ColumnDriftInput, ColumnPair } from './column-sample.ts';
import { pairColumn } from './column-sample.ts';
import type { DriftMethod, DriftPolicy } from './drift-policy.ts';
import { AUTO_METHODS, NEEDS_ORDER, resolveDriftPolicy } from './drift-policy.ts';
import type { MeasurableCells } from './measure-cells.ts';
import type { MissingRate } from './missing-rate.ts';
import { assessMissingRate } from './missing-rate.ts';
import type { MethodEvidence } from './noise-threshold.ts';
import { judgeAgainstNoise } from './noise-threshold.ts';
import { MAX_SHUFFLED_ROWS } from './permute-cells.ts';
import type { BaggedRows, RowBags } from './row-bags.ts';
import { coarsenCells } from './value-cells.ts';

/** What a column of more than MAX_SHUFFLED_ROWS rows is judged on. */
export const MAX_NUMERIC_CELLS = 400;
export const MAX_CATEGORY_CELLS = 1_000;

interface Judged {
  readonly method: DriftMethod;
  readonly value: number;
  /** The line `value` had to exceed at these sizes. */
  readonly threshold: number;
  readonly pValue: number;
  readonly smallestDetectable: number;
  readonly reason: string;
  /** Every method that was considered, the deciding one first. */
  readonly evidence: readonly MethodEvidence[];
  readonly missing: MissingRate;
}

export type ColumnDriftVerdict =
  | ({ readonly kind: 'drifted' } & Judged)
  | ({ readonly kind: 'stable' } & Judged)
  | {
      readonly kind: 'insufficient_data';
      readonly method: null;
      readonly value: null;
      readonly threshold: null;
      readonly reason: string;
      readonly missing: MissingRate;
    };

/**
 * Whether the current values of one column come from another distribution than the reference's.
 *
 * An alarm needs an effect worth one (the published threshold) that chance does not explain at these sizes (seeded
 * permutation test): the line is the larger of the two; see `judgeAgainstNoise`. Without drift it alarms
 * with probability ≤ policy.alpha (0.005) at every size, with ties, and at every cardinality. Rows must be
 * exchangeable: strongly autocorrelated windows alarm more often.
 *
 * Above 10,000 rows the judgement looks at 400 pooled-quantile cells of a number, and at the 999 most frequent
 * categories and one for the rest. Missing and infinite values are set aside and judged in `missing`; fewer than
 * policy.minSamples usable values on either side are `insufficient_data`. Data never make it throw.
 */
export function assessColumnDrift(input: ColumnDriftInput, policy: DriftPolicy = {}): ColumnDriftVerdict {
  const { cells, reference, current } = pairColumn(input);
  return assessCells({ cells: limitCells(cells), reference, current }, policy);
}

/** Of rows that are alike: those with a value, in their cells, and all of them, as in `assessMissingRate`. */
interface ColumnBags {
  readonly bags: BaggedRows | null;
  readonly presence: RowBags | null;
}

/** The same of a column that has been summed up elsewhere into the cells on which it is judged. */
export function assessCells(
  column: ColumnPair,
  policy: DriftPolicy = {},
  { bags, presence }: ColumnBags = { bags: null, presence: null },
): ColumnDriftVerdict {
  const resolved = resolveDriftPolicy(policy);
  const { cells, reference, current } = column;
  const missing = assessMissingRate(reference, current, resolved, presence);
  const few = tooFew(cells, bags, resolved.minSamples);
  if (few !== null)
    return { kind: 'insufficient_data', method: null, value: null, threshold: null, reason: few, missing };
  const methods = chooseMethods(resolved.method, cells.values !== null);
  const evidence = judgeAgainstNoise(cells, methods, resolved, bags);
  const ranked = [...evidence].sort((a, b) => Number(b.drifted) - Number(a.drifted) || ratio(b) - ratio(a));
  const deciding = ranked[0]!;
  return {
    kind: deciding.drifted ? 'drifted' : 'stable',
    method: deciding.method,
    value: deciding.value,
    threshold: deciding.threshold,
    pValue: deciding.pValue,
    smallestDetectable: deciding.smallestDetectable,
    reason: explainDrift(deciding, { reference: cells.referenceCount, current: cells.currentCount }),
    evidence: ranked,
    missing,
  };
}

function tooFew(cells: MeasurableCells, bags: BaggedRows | null, minSamples: number): string | null {
  const rows = { reference: cells.referenceCount, current: cells.currentCount };
  const { reference, current } = bags?.effective ?? rows;
  if (Math.min(reference, current) >= minSamples) return null;
  const side = current <= reference ? 'current' : 'reference';
  const told = bags
    ? `, which tell as much as ${Math.floor(Math.min(reference, current))} independent ones`
    : '';
  return `too few values to judge: ${rows[side]} in the ${side} data${told}, at least ${minSamples} are needed`;
}

function chooseMethods(method: 'auto' | DriftMethod, ordered: boolean): readonly DriftMethod[] {
  if (method === 'auto') return AUTO_METHODS.filter((one) => ordered || !NEEDS_ORDER[one]);
  // A policy for all columns may name a measure that categories do not have.
  return NEEDS_ORDER[method] && !ordered ? ['js_distance'] : [method];
}

function ratio(evidence: MethodEvidence): number {
  return evidence.value / evidence.threshold;
}

/** Why a column drifted or not; `values` are those of each side that could be used. */
export function explainDrift(
  e: MethodEvidence,
  values: { readonly reference: number; readonly current: number },
): string {
  const sizes = `${values.reference} against ${values.current} values`;
  const line = `${e.method} ${shown(e.value)}`;
  const found = `a shift from about ${shown(e.smallestDetectable)} on would be found`;
  if (e.drifted) {
    const base = e.threshold > e.baseThreshold ? `, raised from ${shown(e.baseThreshold)}` : '';
    return `${line} exceeds ${shown(e.threshold)}, the line for ${sizes}${base}; p ≤ ${shown(e.pValue)}`;
  }
  if (e.value > e.baseThreshold) {
    return `${line} is above the base threshold ${shown(e.baseThreshold)}, but ${sizes} reach ${shown(e.threshold)} by chance; ${found}`;
  }
  return `${line} does not exceed ${shown(e.threshold)}, the line for ${sizes}; ${found}`;
}

function shown(x: number): string {
  return String(Number(x.toPrecision(3)));
}

/** Few enough cells to relabel many rows. */
export function limitCells(cells: MeasurableCells): MeasurableCells {
  if (cells.referenceCount + cells.currentCount <= MAX_SHUFFLED_ROWS) return cells;
  const { values } = cells;
  return values === null ? foldRareCategories(cells) : coarsenCells({ ...cells, values }, MAX_NUMERIC_CELLS);
}

/** Which categories are folded depends on pooled counts only, so that the permutation test stays exact. */
function foldRareCategories(cells: MeasurableCells): MeasurableCells {
  if (cells.reference.length <= MAX_CATEGORY_CELLS) return cells;
  const pooled = cells.reference.map((count, i) => count + cells.current[i]!);
  const order = Array.from(pooled.keys()).sort((a, b) => pooled[b]! - pooled[a]! || a - b);
  const reference = new Float64Array(MAX_CATEGORY_CELLS);
  const current = new Float64Array(MAX_CATEGORY_CELLS);
  order.forEach((from, rank) => {
    const to = Math.min(rank, MAX_CATEGORY_CELLS - 1);
    reference[to] = reference[to]! + cells.reference[from]!;
    current[to] = current[to]! + cells.current[from]!;
  });
  return { ...cells, reference, current };
}
