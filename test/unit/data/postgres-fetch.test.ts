import { describe, expect, it } from 'vitest';
import { rowsPerFetch } from '../../../src/data/postgres-source.ts';

describe('rows fetched at once from a table', () => {
  it.each([
    ['small ones', 100, 5_000, 5_000],
    ['documents of 100 kB', 100, 10_000_000, 83],
    ['one that is larger than a whole fetch may be', 1, 100_000_000, 1],
  ])('are as many as the worker can hold: %s', (_what, rows, chars, expected) => {
    expect(rowsPerFetch(rows, chars)).toBe(expected);
  });
});
