import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newestRun, partRows } from '../../../src/domain/dataset.ts';
import type { DatasetPart } from '../../../src/domain/dataset.ts';

const partOf = (bytes: number): DatasetPart => ({ digest: 'd', rows: bytes, bytes });

/** The parts after each append, and how many bytes were written in all. */
function appended(batches: readonly number[], maxParts: number) {
  let parts: DatasetPart[] = [];
  let written = 0;
  let most = 0;
  for (const bytes of batches) {
    parts = [...parts, partOf(bytes)];
    written += bytes;
    if (parts.length > maxParts) {
      const from = newestRun(parts);
      const merged = partRows(parts.slice(from));
      parts = [...parts.slice(0, from), partOf(merged)];
      written += merged;
    }
    most = Math.max(most, parts.length);
  }
  return { parts, written, most };
}

describe('the run of newest parts', () => {
  it('takes the small ones and leaves a large one before them alone', () => {
    expect(newestRun([100, 1, 1, 1].map(partOf))).toBe(1);
    expect(newestRun([6, 1, 1, 1].map(partOf))).toBe(0);
    expect(newestRun([7, 1, 1, 1].map(partOf))).toBe(1);
    expect(newestRun([100, 30, 10, 3, 1].map(partOf))).toBe(3);
    expect(newestRun([1, 1000].map(partOf))).toBe(0);
  });

  it('keeps few parts and loses no row, whatever sizes come', () => {
    const sizes = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 1e9 })), {
      minLength: 200,
      maxLength: 400,
    });
    fc.assert(
      fc.property(sizes, (batches) => {
        const { parts, most } = appended(batches, 50);
        expect(most).toBeLessThanOrEqual(50);
        expect(partRows(parts)).toBe(batches.reduce((a, b) => a + b, 0));
      }),
    );
  });

  it('rewrites a row as often as the source doubles', () => {
    const { written } = appended(
      Array.from({ length: 20_000 }, () => 1),
      50,
    );
    // Rewriting all of it every fifty batches would write each row some two hundred times.
    expect(written / 20_000).toBeLessThan(Math.log2(20_000 / 50) + 2);
  });
});
