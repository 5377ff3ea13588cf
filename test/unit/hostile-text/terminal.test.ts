import { describe, expect, it } from 'vitest';
import { checkFindings } from '../../../src/cli/reports/check-findings.ts';
import { renderCanary } from '../../../src/cli/reports/render-canary.ts';
import { renderDrift } from '../../../src/cli/reports/render-drift.ts';
import { renderEvaluation } from '../../../src/cli/reports/render-evaluation.ts';
import { renderFindings } from '../../../src/cli/reports/render-findings.ts';
import { scanFindings } from '../../../src/cli/reports/scan-findings.ts';
import { renderError, renderTable } from '../../../src/cli/render.ts';
import { forTerminal } from '../../../src/cli/terminal-text.ts';
import { visibleJson } from '../../../src/domain/visible-text.ts';
import { PerennialError } from '../../../src/errors/define-error.ts';
import { INPUT_INVALID } from '../../../src/errors/lifecycle-errors.ts';
import { HOSTILE } from './hostile-strings.ts';
import {
  canaryReportOf,
  checkReportOf,
  driftReportOf,
  evaluateReportOf,
  scanReportOf,
} from './texts-everywhere.ts';

const RENDERED: readonly (readonly [string, (text: string) => string])[] = [
  ['a check', (text) => renderFindings(checkFindings(forTerminal(checkReportOf(text))))],
  ['a scan', (text) => renderFindings(scanFindings(forTerminal(scanReportOf(text))))],
  ['drift', (text) => renderDrift(forTerminal(driftReportOf(text)))],
  ['an evaluation', (text) => renderEvaluation(forTerminal(evaluateReportOf(text)))],
  ['a canary', (text) => renderCanary(forTerminal(canaryReportOf(text)))],
  ['a table', (text) => renderTable(['a', 'b'], forTerminal([[text, text]]))],
  [
    'an error',
    (text) => {
      const problems = [{ path: text, message: text, file: text, line: 3 }];
      return renderError(new PerennialError(INPUT_INVALID, text, { problems }));
    },
  ],
];
const ACTS = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/u;
/** Lines of ours begin at the left; what goes on from the line before does not. */
const ownLines = (text: string): number => text.split('\n').filter((line) => /^\S/.test(line)).length;

describe.each(RENDERED)('%s in a terminal', (_name, render) => {
  it.each(HOSTILE)('shows %s as text, on no line of its own', (_what, text) => {
    const shown = render(text);
    expect(shown).not.toMatch(ACTS);
    expect(ownLines(shown)).toBeLessThanOrEqual(ownLines(render('x')));
  });
});

it.each(HOSTILE)('JSON tells %s truly, and a terminal nothing', (_what, text) => {
  const json = visibleJson({ [text]: [text] });
  expect(JSON.parse(json)).toEqual({ [text]: [text] });
  expect(json).not.toMatch(ACTS);
});
