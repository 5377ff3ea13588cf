/** Limits of a value, as a spec writes them. */
export interface Bounds {
  readonly min?: number | string | undefined;
  readonly max?: number | string | undefined;
  readonly strictMin?: boolean | undefined;
  readonly strictMax?: boolean | undefined;
}

/** `at least 0`, `0 to 120`, `above 0, at most 1`. */
export function boundsText({ min, max, strictMin, strictMax }: Bounds): string {
  if (min !== undefined && max !== undefined && !strictMin && !strictMax)
    return `${String(min)} to ${String(max)}`;
  const low = min === undefined ? [] : [`${strictMin ? 'above' : 'at least'} ${String(min)}`];
  const high = max === undefined ? [] : [`${strictMax ? 'below' : 'at most'} ${String(max)}`];
  return [...low, ...high].join(', ') || 'anything';
}

/** SQL that holds for a value outside its bounds. `literal` writes a bound as SQL of the value's type. */
export function outsideSql(
  value: string,
  { min, max, strictMin, strictMax }: Bounds,
  literal: (bound: number | string) => string,
): string {
  const low = min === undefined ? [] : [`${value} ${strictMin ? '<=' : '<'} ${literal(min)}`];
  const high = max === undefined ? [] : [`${value} ${strictMax ? '>=' : '>'} ${literal(max)}`];
  return `(${[...low, ...high].join(' OR ') || 'false'})`;
}
