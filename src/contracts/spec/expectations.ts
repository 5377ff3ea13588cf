import { z } from 'zod';
import { PII_KINDS } from '../../domain/pii-kind.ts';
import { Duration } from '../duration.ts';
import { Name } from './names.ts';

/** A column of the data under test. Files may have any header, so that this is wider than a name in SQL. */
const DataColumn = z.string().min(1).max(255);
const Columns = z.array(DataColumn).min(1);
const Scalar = z.union([z.string(), z.number(), z.boolean()]);
const Values = z.array(Scalar);

const scope = {
  where: z.string().min(1).optional().describe('Only rows for which this SQL condition holds are tested.'),
};
const mostly = z.number().min(0).max(1).default(1).describe('The share of non-null rows that must conform.');
const rows = { ...scope, mostly };
const strictness = {
  strictMin: z.boolean().optional().describe('The value must lie above `min`, not on it.'),
  strictMax: z.boolean().optional().describe('The value must lie below `max`, not on it.'),
};
const Bound = z.union([z.number(), z.string().min(1)]).optional();
const bounds = { min: Bound, max: Bound, ...strictness };

/** Tests that every row passes or fails by itself. */
const ROW_EXPECTATIONS = [
  z.strictObject({ expect: z.enum(['not_null', 'null']), column: DataColumn, ...rows }),
  z.strictObject({
    expect: z.literal('unique'),
    columns: Columns.describe('Their values together occur once; rows without any of them do not count.'),
    ...rows,
  }),
  z.strictObject({ expect: z.literal('between'), column: DataColumn, ...bounds, ...rows }),
  z.strictObject({ expect: z.enum(['in_set', 'not_in_set']), column: DataColumn, values: Values, ...rows }),
  z.strictObject({
    expect: z.enum(['matches', 'not_matches']),
    column: DataColumn,
    pattern: z.string().min(1).describe('A regular expression in RE2 syntax, found anywhere in the value.'),
    ...rows,
  }),
  z.strictObject({
    expect: z.literal('length'),
    column: DataColumn,
    min: z.int().nonnegative().optional(),
    max: z.int().nonnegative().optional(),
    ...rows,
  }),
  z.strictObject({
    expect: z.literal('date_format'),
    column: DataColumn,
    format: z.string().min(1).describe('As of strptime, such as `%Y-%m-%d %H:%M:%S`.'),
    ...rows,
  }),
  z.strictObject({ expect: z.enum(['date_parseable', 'json_parseable']), column: DataColumn, ...rows }),
  z.strictObject({
    expect: z.enum(['increasing', 'decreasing']),
    column: DataColumn,
    strictly: z.boolean().optional().describe('Equal neighbours do not conform.'),
    ...rows,
  }),
  z.strictObject({
    expect: z.literal('z_score'),
    column: DataColumn,
    max: z.number().positive().describe('Standard deviations from the mean that a value must stay below.'),
    doubleSided: z.boolean().default(true).describe('Also below the mean.'),
    ...rows,
  }),
  z.strictObject({
    expect: z.literal('compare'),
    column: DataColumn,
    operator: z.enum(['=', '<>', '<', '<=', '>', '>=']),
    other: DataColumn.describe('Rows where both are null do not count; where one is, they fail.'),
    ...rows,
  }),
  z.strictObject({
    expect: z.literal('sum_equals'),
    columns: Columns,
    total: z
      .number()
      .describe(
        'What the columns of a row add up to. Rows where all are null do not count; where one is, they fail.',
      ),
    ...rows,
  }),
  z.strictObject({
    expect: z.literal('references'),
    column: DataColumn,
    source: Name,
    sourceColumn: DataColumn,
    ...rows,
  }),
] as const;

/** Tests of one number, or of the set of values, that all rows give together. */
const COLUMN_EXPECTATIONS = [
  z.strictObject({
    expect: z.enum([
      'mean',
      'median',
      'stdev',
      'sum',
      'minimum',
      'maximum',
      'distinct_count',
      'distinct_share',
      'non_null_share',
    ]),
    column: DataColumn,
    ...bounds,
    ...scope,
  }),
  z.strictObject({
    expect: z.literal('quantiles'),
    column: DataColumn,
    quantiles: z
      .array(
        z.strictObject({
          at: z.number().min(0).max(1),
          min: z.number().optional(),
          max: z.number().optional(),
        }),
      )
      .min(1)
      .describe('The value nearest to each quantile lies between its bounds.'),
    ...scope,
  }),
  z.strictObject({
    expect: z.enum(['distinct_in_set', 'distinct_contains', 'distinct_equals']),
    column: DataColumn,
    values: Values,
    ...scope,
  }),
  z.strictObject({
    expect: z.literal('most_common'),
    column: DataColumn,
    values: Values,
    tiesAllowed: z.boolean().optional().describe('Other values may be as common.'),
    ...scope,
  }),
  z.strictObject({
    expect: z.literal('kl_divergence'),
    column: DataColumn,
    weights: z
      .record(z.string(), z.number().nonnegative())
      .describe('The share that each value should have.'),
    max: z.number().nonnegative().describe('In nats.'),
    ...scope,
  }),
  z.strictObject({ expect: z.literal('fresh'), column: DataColumn, maxAge: Duration }),
] as const;

export const ColumnType = z.enum(['integer', 'number', 'string', 'boolean', 'timestamp', 'date', 'list']);

/** Tests of the batch as a whole. */
const TABLE_EXPECTATIONS = [
  z.strictObject({
    expect: z.literal('row_count'),
    min: z.int().nonnegative().optional(),
    max: z.int().nonnegative().optional(),
    where: scope.where,
  }),
  z.strictObject({
    expect: z.literal('column_count'),
    min: z.int().nonnegative().optional(),
    max: z.int().nonnegative().optional(),
  }),
  z.strictObject({
    expect: z.literal('columns'),
    columns: Columns.describe('Columns that must be there.'),
    exact: z.boolean().optional().describe('No others may be there.'),
    ordered: z.boolean().optional().describe('These and no others, in this order.'),
  }),
  z.strictObject({
    expect: z.literal('type'),
    column: DataColumn,
    type: z.union([ColumnType, z.array(ColumnType).min(1)]),
  }),
  z.strictObject({
    expect: z.literal('no_rows'),
    name: Name.describe('What the SQL looks for; shown with the rows it returns.'),
    sql: z.string().min(1).describe('SQL over the batch, named `batch`, that must return no rows.'),
  }),
  z.strictObject({
    expect: z.literal('no_pii'),
    columns: Columns.optional().describe('Only these columns; all when left out.'),
    except: Columns.optional().describe('Columns that may hold personal data.'),
    kinds: z.array(z.enum(PII_KINDS)).min(1).optional().describe('Only these kinds; all when left out.'),
    mostly: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('The share of non-null values that must be free of it.'),
  }),
] as const;

/** One test on a dataset. The built-in kinds follow Great Expectations' semantics for nulls and `mostly`. */
export const Expectation = z.discriminatedUnion('expect', [
  ...ROW_EXPECTATIONS,
  ...COLUMN_EXPECTATIONS,
  ...TABLE_EXPECTATIONS,
]);
export type Expectation = z.infer<typeof Expectation>;
/** The expectations that can be of a kind. */
export type ExpectationOf<Kind extends Expectation['expect']> = Expectation extends infer E
  ? E extends Expectation
    ? Kind & E['expect'] extends never
      ? never
      : E
    : never
  : never;
export type ColumnType = z.infer<typeof ColumnType>;
