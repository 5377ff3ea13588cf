import { defineError } from './define-error.ts';

export const ARTIFACT_NOT_FOUND = defineError('ARTIFACT_NOT_FOUND', {
  status: 404,
  retry: 'never',
  summary: 'The store holds no object of that digest. It was removed outside the product, or never written.',
});
export const ARTIFACT_CORRUPT = defineError('ARTIFACT_CORRUPT', {
  status: 500,
  retry: 'never',
  summary: 'The bytes of an object do not have the digest that names it. Restore it from a backup.',
});
export const SQL_INVALID = defineError('SQL_INVALID', {
  status: 400,
  retry: 'never',
  summary: 'SQL from the spec was refused by DuckDB; its message says where. SQL may read only its inputs.',
});
export const SQL_TOO_SLOW = defineError('SQL_TOO_SLOW', {
  status: 400,
  retry: 'later',
  summary: 'SQL from the spec ran past its time limit and was stopped.',
});
export const SOURCE_NOT_FOUND = defineError('SOURCE_NOT_FOUND', {
  status: 404,
  retry: 'never',
  summary: 'The spec has no source of that name.',
});
export const SOURCE_UNREADABLE = defineError('SOURCE_UNREADABLE', {
  status: 400,
  retry: 'never',
  summary: 'A source cannot be read: its connection variable, table, column or bucket is missing.',
});
export const SOURCE_EMPTY = defineError('SOURCE_EMPTY', {
  status: 409,
  retry: 'later',
  summary: 'A source has no good dataset yet. Ingest it, or look at its quarantined batches.',
});
export const EXPECTATION_INVALID = defineError('EXPECTATION_INVALID', {
  status: 400,
  retry: 'never',
  summary: 'An expectation names a column or source that is not there, or its SQL does not run.',
});
export const FEATURE_VIEW_INVALID = defineError('FEATURE_VIEW_INVALID', {
  status: 400,
  retry: 'never',
  summary:
    'The SQL of a feature view does not yield the keys, event time and columns that the spec declares.',
});
export const FEATURE_KEYS_UNRESOLVED = defineError('FEATURE_KEYS_UNRESOLVED', {
  status: 400,
  retry: 'never',
  summary: 'A key of a feature view comes neither from the request or spine nor from a view joined before.',
});
export const FRAME_INVALID = defineError('FRAME_INVALID', {
  status: 400,
  retry: 'never',
  summary: 'The spine does not yield its id, event time, label, keys and attributes, or its ids repeat.',
});
export const FRAME_TOO_SMALL = defineError('FRAME_TOO_SMALL', {
  status: 409,
  retry: 'never',
  summary: 'Too few labelled examples to train and evaluate. Wait for more data, or lower training.minRows.',
});
export const DATA_FILE_NOT_FOUND = defineError('DATA_FILE_NOT_FOUND', {
  status: 404,
  retry: 'never',
  summary: 'There is no data file at the path or address. Check its spelling and the folder you are in.',
});
export const DATA_FILE_UNREADABLE = defineError('DATA_FILE_UNREADABLE', {
  status: 400,
  retry: 'never',
  summary:
    'A data file may not be read: its permissions, or the bucket, region or credentials of its address, are wrong.',
});
export const DATA_FILE_FORMAT_UNKNOWN = defineError('DATA_FILE_FORMAT_UNKNOWN', {
  status: 400,
  retry: 'never',
  summary: 'A data file is neither CSV, Parquet nor NDJSON by its name and its first bytes. Say which it is.',
});
export const DATA_FILE_EMPTY = defineError('DATA_FILE_EMPTY', {
  status: 400,
  retry: 'never',
  summary: 'A data file has no bytes, or no header line.',
});
export const DATA_FILE_MALFORMED = defineError('DATA_FILE_MALFORMED', {
  status: 400,
  retry: 'never',
  summary:
    'A data file breaks its format: a ragged or unfinished row, a line that is no JSON object, a truncated file. The message names file, column and row.',
});
export const DATA_FILE_MIXED_TYPES = defineError('DATA_FILE_MIXED_TYPES', {
  status: 400,
  retry: 'never',
  summary: 'A column holds values of two types. Mend the row that is named, or say that the column is text.',
});
export const DATA_JOB_FAILED = defineError('DATA_JOB_FAILED', {
  status: 400,
  retry: 'never',
  summary:
    'DuckDB could not finish with the data: a damaged file, no room on the disk, or more than its memory. Its own message says which.',
});
