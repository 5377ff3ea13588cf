import { maskPii } from '../pii/mask-pii.ts';
import { piiShapes } from '../pii/recognise-pii.ts';
import type { TestedColumn } from './batch.ts';
import { shownValue } from './value-set.ts';

export const SAMPLE_VALUES = 3;
const MAX_LENGTH = 200;

/**
 * A value as it may be shown, to people and in logs: personal data masked, and cut where it is long.
 * @param column the name of the value's column: of bare digits nothing else may say what they are
 */
export function sampleText(value: string, column = ''): string {
  const masked = maskPii(value.slice(0, 4 * MAX_LENGTH), column);
  return masked.length > MAX_LENGTH ? `${masked.slice(0, MAX_LENGTH - 1)}…` : masked;
}

/** What DuckDB writes for a column's value, as it may be shown; of several columns in one text. */
export function sampleValue(...values: readonly (readonly [column: TestedColumn, text: string])[]): string {
  return sampleText(values.map(([c, text]) => sampleText(shownValue(c, text), c.name)).join('/'));
}

/** A row of a query as JSON, each value masked by its own column's name. */
export function sampleJson(row: object): string {
  return sampleText(
    JSON.stringify(row, (name, value: unknown) => {
      if (typeof value !== 'string' && typeof value !== 'number') return value;
      const text = String(value);
      const masked = sampleText(text, name);
      return masked === text ? value : masked;
    }),
  );
}

/**
 * A number that is one value of a column, masked where it is somebody's own. Only the column's name can say so: a sum
 * of money may have as many digits as a telephone number.
 */
export function sampleNumber(value: number, column: string): number | string {
  const personal = piiShapes(String(value), column).some((shape) => shape.valid && shape.hinted);
  return personal ? sampleText(String(value), column) : value;
}
