import { createHash } from 'node:crypto';
import type { FeatureView } from '../contracts/spec/sources.ts';
import { canonicalJson } from '../domain/canonical-json.ts';

/**
 * SHA-256 of what decides the values of a view beside the data: its SQL, keys, event time and columns. Its name does not,
 * nor does the time to live, which is applied where values are used.
 */
export function definitionOf({ query, keys, eventTime, columns }: FeatureView): string {
  // Nobody computes a query of which the spec names the file alone.
  const sql = 'sql' in query ? query.sql : query.file;
  return createHash('sha256')
    .update(canonicalJson({ sql, keys, eventTime, columns: Object.keys(columns) }))
    .digest('hex');
}
