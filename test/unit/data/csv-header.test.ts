import { expect, it } from 'vitest';
import { parseCsvHeader } from '../../../src/data/csv-header.ts';

it.each([
  ['a,b', ['a', 'b']],
  ['a', ['a']],
  ['a, b ', ['a', 'b']],
  ['"a,x","say ""b"""', ['a,x', 'say "b"']],
  ['\uFEFFa,b', ['a', 'b']],
  ['a,', ['a', '']],
  ['', []],
])('reads the header %j', (line, names) => {
  expect(parseCsvHeader(line)).toEqual(names);
});
