import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffSpecs } from '../../../src/domain/spec/diff-specs.ts';

describe('the difference of two specs', () => {
  it('is empty when only the order of keys differs', () => {
    expect(diffSpecs({ a: 1, b: { c: 2 } }, { b: { c: 2 }, a: 1 })).toEqual([]);
  });

  it('names the smallest places that changed', () => {
    expect(
      diffSpecs(
        { gates: [{ name: 'a', min: 0.7 }], 'odd key': 1, gone: true, kind: [1] },
        { gates: [{ name: 'a', min: 0.8 }, { name: 'b' }], 'odd key': 2, kind: { list: 1 } },
      ),
    ).toEqual([
      { path: 'gates[0].min', before: 0.7, after: 0.8 },
      { path: 'gates[1]', after: { name: 'b' } },
      { path: 'gone', before: true },
      { path: 'kind', before: [1], after: { list: 1 } },
      { path: '["odd key"]', before: 1, after: 2 },
    ]);
  });

  it('tells null from absent', () => {
    expect(diffSpecs({ approval: null }, {})).toEqual([{ path: 'approval', before: null }]);
  });

  it('is empty exactly for equal values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(diffSpecs(a, a)).toEqual([]);
        const equal = JSON.stringify(a) === JSON.stringify(b);
        if (equal) expect(diffSpecs(a, b)).toEqual([]);
        if (diffSpecs(a, b).length === 0) expect(diffSpecs(b, a)).toEqual([]);
      }),
    );
  });
});
