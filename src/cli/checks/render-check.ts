import pc from 'picocolors';
import { html } from '../../api/html-page.ts';
import { clip, paint, renderTable } from '../render.ts';
import type { CheckedExpectation, CheckReport } from './check-report.ts';
import { dataLine, reportPage } from './report-page.ts';

const MAX_TEXT = 100;
const ORDER = { fail: 0, skipped: 1, pass: 2 } as const;

/** What fails first. */
function bySeverity(report: CheckReport): CheckedExpectation[] {
  const share = (one: CheckedExpectation): number => one.unexpected?.share ?? 0;
  return [...report.expectations].sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict] || share(b) - share(a));
}

function headline({ counts, verdict }: CheckReport): string {
  const total = counts.pass + counts.fail + counts.skipped;
  const skipped = counts.skipped > 0 ? `, ${String(counts.skipped)} skipped` : '';
  return verdict === 'pass'
    ? `${String(counts.pass)} of ${String(total)} expectations hold${skipped}`
    : `${String(counts.fail)} of ${String(total)} expectations fail${skipped}`;
}

function unexpectedText({ unexpected }: CheckedExpectation): string | null {
  if (unexpected === null) return null;
  if (unexpected.share === null) return String(unexpected.count);
  return `${String(unexpected.count)} (${percent(unexpected.share)})`;
}

/** `3.33 %`; a share that is not zero is never shown as zero. */
export function percent(share: number): string {
  const rounded = Number((share * 100).toFixed(2));
  return share > 0 && rounded === 0 ? '< 0.01 %' : `${String(rounded)} %`;
}

function explained({ reason, samples }: CheckedExpectation): string {
  return samples.length === 0 ? reason : `${reason}, such as ${samples.join(', ')}`;
}

/** A table for people. */
export function renderCheck(report: CheckReport): string {
  const rows = bySeverity(report).map((one) => [
    paint(one.verdict),
    clip(one.title, MAX_TEXT),
    unexpectedText(one),
    clip(explained(one), MAX_TEXT),
  ]);
  const verdict = report.verdict === 'pass' ? pc.green(headline(report)) : pc.red(headline(report));
  return [
    renderTable(['verdict', 'expectation', 'unexpected', 'found'], rows),
    '',
    `${dataLine(report.data)}: ${verdict}`,
    ...report.notes.map((note) => pc.dim(note)),
  ].join('\n');
}

/** A page of its own, without anything from elsewhere. */
export function checkPage(report: CheckReport): string {
  const rows = bySeverity(report).map(
    (one) =>
      html`<tr>
        <td class="${one.verdict}">${one.verdict}</td>
        <td><code>${one.title}</code></td>
        <td class="number">${unexpectedText(one) ?? '–'}</td>
        <td>${explained(one)}</td>
      </tr>`,
  );
  return reportPage(`Check of ${report.data.location}`, report.data, {
    verdict: report.verdict,
    headline: headline(report),
    notes: report.notes,
    table: html`<table>
      <thead>
        <tr>
          <th>verdict</th>
          <th>expectation</th>
          <th class="number">unexpected</th>
          <th>found</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>`,
  });
}
