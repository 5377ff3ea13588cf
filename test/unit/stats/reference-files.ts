import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

const FOLDER = new URL('../../reference/', import.meta.url);

/** A reference file; Python's bare NaN is read as null. */
export function readReference<T>(name: string): T {
  const text = readFileSync(new URL(name, FOLDER), 'utf8').replace(/([:[,]\s*)NaN\b/g, '$1null');
  return JSON.parse(text) as T;
}

/** A reference table as one array of texts per column. */
export function readColumns(name: string): Record<string, string[]> {
  const [header, ...lines] = readFileSync(new URL(name, FOLDER), 'utf8').trim().split(/\r?\n/);
  const rows = lines.map((line) => line.split(','));
  return Object.fromEntries(header!.split(',').map((column, i) => [column, rows.map((row) => row[i]!)]));
}

export function numbers(column: readonly string[] | undefined): number[] {
  return (column ?? []).map(Number);
}

/** What an undefined value is called by the tools ("nan") is null here. */
export function expectClose(
  actual: number | null | undefined,
  expected: unknown,
  relative: number,
  what: string,
): void {
  if (expected === 'nan' || expected === null || expected === undefined) {
    expect(actual ?? null, what).toBeNull();
    return;
  }
  const wanted = expected === 'inf' ? Number.POSITIVE_INFINITY : Number(expected);
  expect(typeof actual, what).toBe('number');
  if (actual === wanted) return;
  // Differences below 1e-12 absolute are rounding of values that are exactly zero or nearly so.
  const slack = Math.max(
    relative * Math.abs(wanted),
    1e-300 + (Math.abs(wanted) < 1e-9 && relative <= 1e-9 ? 1e-12 : 0),
  );
  const error = Math.abs(actual! - wanted);
  expect(error <= slack, `${what}: ${actual} should be ${wanted} within ${relative}`).toBe(true);
}

export const CLOSED_FORM = 1e-9;
export const P_VALUE = 1e-6;
