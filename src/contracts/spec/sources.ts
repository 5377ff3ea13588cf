import { z } from 'zod';
import { Duration } from '../duration.ts';
import { Expectation } from './expectations.ts';
import { ColumnName, Name, SecretName, SqlText } from './names.ts';

const common = {
  description: z.string().optional(),
  expectations: z.array(Expectation).default([]),
  primaryKey: z
    .array(ColumnName)
    .min(1)
    .optional()
    .describe(
      'Rows with a key already ingested replace the older; a row with a null in its key replaces none.',
    ),
};

/** A table in PostgreSQL, read incrementally from the last watermark. */
const PostgresSource = z.strictObject({
  type: z.literal('postgres'),
  connection: SecretName.describe('Name of the environment variable that holds the connection URL.'),
  table: z.string().regex(/^[A-Za-z_][\w]*(\.[A-Za-z_][\w]*)?$/, 'table or schema.table'),
  columns: z.array(ColumnName).min(1).optional().describe('Only these columns; all when left out.'),
  watermark: ColumnName.optional().describe(
    'A column that only grows, such as the time of the last change. Rows that are committed below a value already read are read too when their transaction took up to 15 minutes, without a primaryKey up to one: until then the rows above wait. Where it is a time, the minute before it is read again, as an application may stamp rows so long before it writes them. A replica does not show the transactions of its primary: there it is always 15 minutes, or one. Without a watermark the whole table is read anew.',
  ),
  ...common,
});

/** A type that a spec gives a column of files. */
export const DeclaredType = z.enum([
  'BOOLEAN',
  'INTEGER',
  'BIGINT',
  'DOUBLE',
  'VARCHAR',
  'TIMESTAMP',
  'DATE',
  'VARCHAR[]',
]);

/** Files on disk or S3; each file is read once, in the order of its name. */
const FilesSource = z.strictObject({
  type: z.literal('files'),
  uri: z
    .string()
    .min(1)
    .describe(
      'A path with * wildcards, relative to the spec, or s3://bucket/prefix/*.ndjson. Local files whose names begin with a dot are left out.',
    ),
  format: z.enum(['ndjson', 'csv', 'parquet']),
  columns: z
    .record(ColumnName, DeclaredType)
    .optional()
    .describe(
      'Columns and their types. Without it each column has the type that is inferred from the first batch that has it, for good; numbers with leading zeros, such as 01220, are then text.',
    ),
  ...common,
});

export const Source = z.discriminatedUnion('type', [PostgresSource, FilesSource]);
export type Source = z.infer<typeof Source>;

/** Documented SQL over the sources (each a table of its name) that yields keys, an event time and columns. */
export const FeatureView = z.strictObject({
  description: z.string().min(1),
  keys: z.array(ColumnName).min(1),
  eventTime: ColumnName.default('event_time'),
  query: SqlText,
  columns: z
    .record(ColumnName, z.string())
    .describe('Every column the view yields beside keys and event time, with its meaning.'),
  ttl: Duration.optional().describe('Values older than this at the time of use count as missing.'),
});
export type FeatureView = z.infer<typeof FeatureView>;

export const Features = z.strictObject({
  refresh: z
    .strictObject({ every: Duration })
    .optional()
    .describe('How often sources are read and views materialised.'),
  views: z.record(Name, FeatureView),
});
export type Features = z.infer<typeof Features>;
