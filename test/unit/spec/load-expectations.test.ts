import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadExpectations } from '../../../src/spec/load-expectations.ts';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'perennial-expectations-'))));
afterAll(() => rmSync(directory, { recursive: true }));

function load(name: string, content: string, source?: string) {
  writeFileSync(join(directory, name), content);
  return loadExpectations(join(directory, name), source);
}

const PLANTLY = new URL('../../../examples/plantly/perennial.yaml', import.meta.url).pathname;

describe('loadExpectations', () => {
  it.each([
    ['a list', 'a.yaml', '- { expect: row_count, min: 1 }'],
    ['a list under its key', 'b.yaml', 'expectations:\n  - { expect: row_count, min: 1 }'],
    ['JSON', 'c.json', '[{"expect": "row_count", "min": 1}]'],
  ])('reads %s', async (_what, name, content) => {
    expect(await load(name, content)).toEqual({
      expectations: [{ expect: 'row_count', min: 1 }],
      textColumns: [],
    });
  });

  it('takes those of a source of a lifecycle spec, with the columns that it declares as text', async () => {
    const loaded = await loadExpectations(PLANTLY, 'impressions');
    expect(loaded.expectations.map((e) => e.expect)).toContain('in_set');
    expect(loaded.textColumns).toContain('customer_id');
    expect(loaded.textColumns).not.toContain('position');
  });

  it.each([
    ['an unknown kind', '- { expect: not_nul, column: a }', /\[0\]\.expect: .*did you mean "not_null"\?/],
    ['an unknown key', '- { expect: between, colum: a }', /did you mean "column"\?/],
    ['a share above one', '- { expect: not_null, column: a, mostly: 2 }', /\[0\]\.mostly: found 2/],
    [
      'an unknown kind of personal data',
      '- { expect: no_pii, kinds: [emial] }',
      /\[0\]\.kinds\[0\]: found "emial"/,
    ],
    ['a missing column', '- { expect: mean }', /\[0\]\.column: missing/],
    ['an entry that is none', '- 5', /\[0\]: found 5, expected object/],
    ['something else', 'hello', /expected a list of expectations/],
    ['nothing', '[]', /holds no expectation/],
  ])('refuses %s with its place', async (_what, content, message) => {
    const error: unknown = await load('wrong.yaml', content).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SPEC_INVALID' });
    const { problems, message: text } = error as {
      message: string;
      problems: { path?: string; message: string }[];
    };
    expect([text, ...problems.map((one) => `${one.path ?? ''}: ${one.message}`)].join('\n')).toMatch(message);
  });

  it.each([
    ['which source', undefined, 'say whose expectations by --source'],
    ['a source that is there', 'custmers', 'did you mean "customers"?'],
  ])('asks for %s', async (_what, source, message) => {
    await expect(loadExpectations(PLANTLY, source)).rejects.toThrow(message);
  });

  it('refuses a source where there is none', async () => {
    await expect(load('d.yaml', '- { expect: row_count }', 'orders')).rejects.toThrow('has no sources');
  });
});
