import { describe, expect, it } from 'vitest';
import { settledPosition } from '../../../src/data/late-commits.ts';
import type { PostgresPosition } from '../../../src/data/late-commits.ts';

const MINUTE_MS = 60_000;
const PATIENCE_MS = 15 * MINUTE_MS;
const at = (watermark: string | null, unsettled?: PostgresPosition['unsettled']): PostgresPosition => ({
  kind: 'postgres',
  watermark,
  ...(unsettled && { unsettled }),
});

describe('how far a table counts as read', () => {
  it('is its largest watermark where nothing was running', () => {
    expect(settledPosition(null, { newest: '7', running: [] }, 0, PATIENCE_MS)).toEqual(at('7'));
    expect(settledPosition(at('3'), { newest: '7', running: [] }, 0, PATIENCE_MS)).toEqual(at('7'));
  });

  it('stays for an empty table', () => {
    expect(settledPosition(null, { newest: null, running: ['a'] }, 0, PATIENCE_MS)).toEqual(at(null));
    expect(settledPosition(at('3'), { newest: null, running: ['a'] }, 0, PATIENCE_MS)).toEqual(at('3'));
  });

  it('stays where the table has nothing beyond it, whatever is running', () => {
    expect(settledPosition(at('3'), { newest: '3', running: ['a'] }, 0, PATIENCE_MS)).toEqual(at('3'));
  });

  it('waits for what was running, and for nothing that began later', () => {
    const first = settledPosition(at('3'), { newest: '7', running: ['a', 'b'] }, 1, PATIENCE_MS);
    expect(first).toEqual(at('3', { watermark: '7', running: ['a', 'b'], sinceMs: 1 }));
    const second = settledPosition(first, { newest: '9', running: ['b', 'c'] }, 2, PATIENCE_MS);
    expect(second).toEqual(first);
    const third = settledPosition(second, { newest: '11', running: ['c'] }, 3, PATIENCE_MS);
    expect(third).toEqual(at('7', { watermark: '11', running: ['c'], sinceMs: 3 }));
    expect(settledPosition(third, { newest: '12', running: [] }, 4, PATIENCE_MS)).toEqual(at('12'));
  });

  it('waits no longer than it has patience', () => {
    const first = settledPosition(null, { newest: '7', running: ['a'] }, 0, PATIENCE_MS);
    const look = { newest: '9', running: ['a'] };
    expect(settledPosition(first, look, 15 * MINUTE_MS, PATIENCE_MS).watermark).toBeNull();
    expect(settledPosition(first, look, 16 * MINUTE_MS, PATIENCE_MS)).toEqual(
      at('7', { watermark: '9', running: ['a'], sinceMs: 16 * MINUTE_MS }),
    );
  });
});
