import type { CheckedExpectation, CheckReport } from '../checks/check-report.ts';
import { count, percent, plural } from '../../platform/figures.ts';
import type { Findings } from './render-findings.ts';

const ORDER = { fail: 0, skipped: 1, pass: 2 } as const;

/** The expectations of a checked file, those that fail first. */
export function checkFindings(report: CheckReport): Findings {
  return {
    title: `Check of ${report.data.location}`,
    data: report.data,
    state: report.verdict,
    headline: headline(report),
    notes: report.notes,
    table: {
      columns: [
        { name: 'verdict', as: 'state' },
        { name: 'expectation', as: 'code' },
        { name: 'unexpected', as: 'number' },
        { name: 'found', as: 'text' },
      ],
      rows: bySeverity(report).map((one) => [one.verdict, one.title, unexpected(one), explained(one)]),
    },
  };
}

function bySeverity(report: CheckReport): CheckedExpectation[] {
  const share = (one: CheckedExpectation): number => one.unexpected?.share ?? 0;
  return [...report.expectations].sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict] || share(b) - share(a));
}

function headline({ counts, verdict }: CheckReport): string {
  const total = counts.pass + counts.fail + counts.skipped;
  const skipped = counts.skipped > 0 ? `, ${count(counts.skipped)} skipped` : '';
  const of = `of ${plural(total, 'expectation')}`;
  if (verdict === 'fail')
    return `${count(counts.fail)} ${of} ${counts.fail === 1 ? 'fails' : 'fail'}${skipped}`;
  return counts.pass === total && total > 1
    ? `all ${count(total)} expectations hold`
    : `${count(counts.pass)} ${of} ${counts.pass === 1 ? 'holds' : 'hold'}${skipped}`;
}

function unexpected({ unexpected: found }: CheckedExpectation): string | null {
  if (found === null) return null;
  if (found.share === null || found.count === 0) return count(found.count);
  return `${count(found.count)} (${percent(found.share)})`;
}

function explained({ reason, samples }: CheckedExpectation): string {
  return samples.length === 0 ? reason : `${reason}, such as ${samples.join(', ')}`;
}
