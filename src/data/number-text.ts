import { quoteName } from './sql-text.ts';

const FLOATS = /^(FLOAT|DOUBLE|REAL)/;

/** Whether values of a type can have a fraction, so that the same number may be written as 1, 1.0 or 1.00. */
function mayHaveFraction(type: string): boolean {
  return FLOATS.test(type) || type.startsWith('DECIMAL');
}

/** SQL of a column as text that names its value: whole numbers have no fraction, whatever their type, and NaN is NULL. */
export function valueTextSql(name: string, type: string): string {
  const column = quoteName(name);
  if (!mayHaveFraction(type)) return `${column}::VARCHAR`;
  const whole = `${column} = trunc(${column}) AND abs(${column}) < 1e15`;
  const text = `CASE WHEN ${whole} THEN ${column}::BIGINT::VARCHAR ELSE ${column}::VARCHAR END`;
  return FLOATS.test(type) ? `CASE WHEN NOT isnan(${column}) THEN ${text} END` : text;
}
