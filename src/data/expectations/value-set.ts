import { quoteValue } from '../sql-text.ts';
import type { TestedColumn } from './batch.ts';

type Value = string | number | boolean;

const DECIMAL_NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** The same for values of a column that are equal, however they are written: 1 and 1.0, 5e-05 and 0.00005. */
export function valueKey({ type }: TestedColumn, value: Value): string {
  const text = String(value);
  if (!hasFractions(type) || !DECIMAL_NUMBER.test(text)) return text;
  return String(type === 'FLOAT' ? Math.fround(Number(text)) : Number(text));
}

/** SQL of a value as text, one for values that are equal; `shownValue` writes it as a spec does. */
export function valueAsText({ sql, type }: TestedColumn): string {
  return type === 'DOUBLE' || type === 'FLOAT'
    ? `CASE WHEN ${sql} = floor(${sql}) AND abs(${sql}) < 1e15 THEN ${sql}::BIGINT::VARCHAR ELSE ${sql}::VARCHAR END`
    : `${sql}::VARCHAR`;
}

/** What DuckDB writes for a value, as a spec writes it: 0.00005 and not 5e-05, 1.5 and not 1.50. */
export function shownValue({ type }: TestedColumn, text: string): string {
  // A DECIMAL may have more digits than a number.
  if (type.startsWith('DECIMAL')) return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return hasFractions(type) && DECIMAL_NUMBER.test(text) ? String(Number(text)) : text;
}

/** SQL that holds where a column's value is one of the set. */
export function inSetSql(column: TestedColumn, values: readonly Value[]): string {
  if (values.length === 0) return 'false';
  if (!hasFractions(column.type)) return `(${valueAsText(column)} IN (${listSql(values.map(String))}))`;
  const keys = values.map((value) => valueKey(column, value));
  const numbers = keys.filter((key) => DECIMAL_NUMBER.test(key));
  const others = keys.filter((key) => !DECIMAL_NUMBER.test(key));
  const parts = [
    ...(numbers.length === 0
      ? []
      : [`${column.sql}::DOUBLE IN (${numbers.map((key) => `${quoteValue(key)}::DOUBLE`).join(', ')})`]),
    ...(others.length === 0 ? [] : [`${valueAsText(column)} IN (${listSql(others)})`]),
  ];
  return `(${parts.join(' OR ')})`;
}

function hasFractions(type: string): boolean {
  return type === 'DOUBLE' || type === 'FLOAT' || type.startsWith('DECIMAL');
}

function listSql(values: readonly string[]): string {
  return values.map(quoteValue).join(', ');
}
