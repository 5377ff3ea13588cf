import { describe, expect, it } from 'vitest';
import { textTable } from '../../../src/cli/reports/report-table.ts';
import type { ReportTable } from '../../../src/cli/reports/report-table.ts';
import { count, figure, percent, plural, probability, short } from '../../../src/platform/figures.ts';

const TABLE: ReportTable = {
  columns: [
    { name: 'verdict', as: 'state' },
    { name: 'column', as: 'name' },
    { name: 'value', as: 'number' },
    { name: 'why', as: 'text', optional: true },
  ],
  rows: [
    [
      'insufficient_data',
      'a_name_of_a_column_that_goes_on_and_on_and_on',
      '12,345.6',
      'too few values: '.repeat(8),
    ],
    ['stable', 'short', null, 'fine'],
  ],
};
const widthOf = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

describe('a table in a terminal', () => {
  it.each([60, 80, 120])('fits into %i columns and keeps verdicts and figures whole', (width) => {
    const text = textTable(TABLE, width);
    expect(widthOf(text)).toBeLessThanOrEqual(width);
    expect(text).toContain('insufficient_data');
    expect(text).toContain('12,345.6');
    expect(text).toContain('a_name_of_a');
  });

  it('leaves out what is optional where it would say nothing, and cuts nothing but very long texts in a pipe', () => {
    expect(textTable(TABLE, 60)).not.toContain('WHY');
    expect(textTable(TABLE, null)).toContain('a_name_of_a_column_that_goes_on_and_on_and_on');
    expect(textTable(TABLE, null)).toContain('too few values');
  });

  it('ends figures below each other', () => {
    const [head, first, second] = textTable(TABLE, null).split('\n');
    const end = (first ?? '').indexOf('12,345.6') + '12,345.6'.length;
    expect(head?.slice(0, end).endsWith('VALUE')).toBe(true);
    expect(second?.slice(0, end).endsWith('–')).toBe(true);
  });
});

describe('figures', () => {
  it('are as long as people read them', () => {
    expect([12_000, 0.825837, 0.02, 159.7134, 48_645.503, 0.000144, 1.2e-7, 0, null].map(figure)).toEqual([
      ...['12,000', '0.8258', '0.0200', '159.7', '48,646', '0.000144', '1.20e-7', '0', '–'],
    ]);
    expect([0.1, 0.48412, 12_345.6, -0.0042222, 3e-9, undefined].map(short)).toEqual([
      ...['0.1', '0.484', '12,300', '-0.00422', '3e-9', '–'],
    ]);
    expect([count(1e6), plural(1, 'row'), plural(2, 'row')]).toEqual(['1,000,000', '1 row', '2 rows']);
  });

  it('never make something of nothing, or nothing of something', () => {
    expect([0, 1 / 3, 0.0333, 1e-9, 0.99999, 1, -0.0219, null].map(percent)).toEqual([
      ...['0 %', '33.3 %', '3.33 %', '< 0.01 %', '> 99.9 %', '100 %', '-2.19 %', '–'],
    ]);
    expect([0.0001, 0.0312, 1, null].map(probability)).toEqual(['p < 0.001', 'p 0.031', 'p 1', 'p –']);
  });
});
