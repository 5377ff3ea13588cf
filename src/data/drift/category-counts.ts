import type { ColumnDriftInput, MeasurableCells, RepeatedCategories } from '../../stats/index.ts';
import { MAX_CATEGORY_CELLS } from '../../stats/index.ts';
import type { DuckDbSession } from '../duckdb.ts';

export interface CategorySource {
  readonly table: string;
  /** SQL of the value, VARCHAR. */
  readonly sql: string;
  readonly rows: number;
}

/** The most frequent categories, for people. */
export interface ShownCategory {
  readonly label: string;
  readonly reference: number;
  readonly current: number;
}

export type CountedCategories = {
  readonly shown: readonly ShownCategory[];
  /** NULLs of the reference and of the current side. */
  readonly missing: readonly [number, number];
} & (
  | { readonly kind: 'listed'; readonly input: ColumnDriftInput }
  /** Too many to list: how often they occur, and the cells on which such a column is judged. */
  | { readonly kind: 'repeated'; readonly repeated: RepeatedCategories; readonly judged: MeasurableCells }
);

const SHOWN = 12;
const LABEL_CHARS = 60;
/** With so few rows every category is a cell, however many there are. */
const FEW_ROWS = 10_000;

/** Counts the categories of both sides in the database. */
export async function countCategories(
  session: DuckDbSession,
  reference: CategorySource,
  current: CategorySource,
): Promise<CountedCategories> {
  const side = (source: CategorySource, counts: string): string =>
    `SELECT v, ${counts} FROM (SELECT ${source.sql} AS v FROM ${source.table}) WHERE v IS NOT NULL GROUP BY v`;
  await session.run(
    `CREATE OR REPLACE TEMP TABLE category_counts AS SELECT v, sum(r)::DOUBLE AS r, sum(c)::DOUBLE AS c
       FROM (${side(reference, 'count(*) AS r, 0 AS c')} UNION ALL ${side(current, '0 AS r, count(*) AS c')}) GROUP BY v`,
  );
  const shown = await session.rows<ShownCategory>(
    `SELECT v[:${String(LABEL_CHARS)}] AS label, r AS reference, c AS current FROM category_counts ORDER BY r + c DESC, v LIMIT ${String(SHOWN)}`,
  );
  const [totals] = await session.rows<{ categories: number; r: number; c: number }>(
    'SELECT count(*) AS categories, coalesce(sum(r), 0) AS r, coalesce(sum(c), 0) AS c FROM category_counts',
  );
  const { categories = 0, r: left = 0, c: right = 0 } = totals ?? {};
  const missing = [reference.rows - left, current.rows - right] as const;
  if (categories <= MAX_CATEGORY_CELLS || left + right <= FEW_ROWS) {
    const listed = await session.rows<{ v: string; r: number; c: number }>('FROM category_counts');
    const counts = (of: 'r' | 'c'): Map<string, number> => new Map(listed.map((row) => [row.v, row[of]]));
    return {
      kind: 'listed',
      shown,
      missing,
      input: {
        kind: 'categorical',
        reference: { counts: counts('r'), missing: missing[0] },
        current: { counts: counts('c'), missing: missing[1] },
      },
    };
  }
  const [r, c, repeats] = await session.numbers(
    'SELECT r, c, count(*)::DOUBLE FROM category_counts GROUP BY r, c ORDER BY r, c',
  );
  const [mostLeft, mostRight] = await session.numbers(
    `SELECT r, c FROM category_counts ORDER BY r + c DESC, v LIMIT ${String(MAX_CATEGORY_CELLS - 1)}`,
  );
  const repeated = { reference: r!, current: c!, repeats: repeats! };
  return { kind: 'repeated', shown, missing, repeated, judged: withRest(repeated, mostLeft!, mostRight!) };
}

/** The most frequent categories and one cell for the rest. */
function withRest(all: RepeatedCategories, left: Float64Array, right: Float64Array): MeasurableCells {
  const referenceCount = weighted(all.reference, all.repeats);
  const currentCount = weighted(all.current, all.repeats);
  const ones = new Float64Array(left.length).fill(1);
  return {
    values: null,
    reference: Float64Array.of(...left, referenceCount - weighted(left, ones)),
    current: Float64Array.of(...right, currentCount - weighted(right, ones)),
    referenceCount,
    currentCount,
  };
}

function weighted(values: Float64Array, weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * weights[i]!;
  return sum;
}
