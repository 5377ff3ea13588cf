import { describe, expect, it } from 'vitest';
import { page } from '../../../src/api/html-page.ts';
import { canaryPage } from '../../../src/cli/pages/canary-page.ts';
import { driftPage } from '../../../src/cli/pages/drift-page.ts';
import { evaluationPage } from '../../../src/cli/pages/evaluation-page.ts';
import { findingsPage } from '../../../src/cli/pages/findings-page.ts';
import { checkFindings } from '../../../src/cli/reports/check-findings.ts';
import { scanFindings } from '../../../src/cli/reports/scan-findings.ts';
import { visibleText } from '../../../src/domain/visible-text.ts';
import { mailListPage, mailPage, slackPage, webhookPage } from '../../../src/embedded/sink-pages.ts';
import { html } from '../../../src/platform/html-template.ts';
import { renderEmail } from '../../../src/notifications/render-email.ts';
import { renderSlack } from '../../../src/notifications/render-slack.ts';
import { HOSTILE } from './hostile-strings.ts';
import { attributeValues, htmlStructure, htmlText, oneSpace } from './html-structure.ts';
import {
  canaryReportOf,
  checkReportOf,
  drawnOf,
  driftReportOf,
  evaluateReportOf,
  noticeOf,
  scanReportOf,
} from './texts-everywhere.ts';

const LINKS = [{ label: 'View', url: 'https://perennial.example/act/x?a=1&b=2' }];
const mailOf = (text: string) => ({
  id: 'm1',
  receivedAt: '2026-01-01T00:00:00Z',
  from: text,
  to: [text],
  subject: text,
  messageId: null,
  inReplyTo: null,
  text,
  html: text,
  headers: {},
  attachments: [],
});
const slackMessageOf = (text: string) => {
  const { text: fallback, blocks } = renderSlack(noticeOf(text), LINKS);
  return {
    channel: 'C1',
    channelName: text,
    ts: '1800000000.1',
    threadTs: null,
    text: fallback,
    blocks,
    attachments: [],
    editedAt: null,
  };
};
const webhookOf = (text: string) => ({
  receiptId: 'r1',
  receivedAt: '2026-01-01T00:00:00Z',
  endpoint: text,
  webhookId: text,
  timestamp: '1800000000',
  signature: 'v1,x',
  body: text,
});

/** Reports stand alone: they carry their policy themselves. */
const REPORTS: readonly (readonly [string, (text: string) => string])[] = [
  ['the report of a check', (text) => findingsPage(checkFindings(checkReportOf(text)))],
  ['the report of a scan', (text) => findingsPage(scanFindings(scanReportOf(text)))],
  ['the report of drift', (text) => driftPage(driftReportOf(text), drawnOf(text))],
  ['the report of an evaluation', (text) => evaluationPage(evaluateReportOf(text))],
  ['the report of a canary', (text) => canaryPage(canaryReportOf(text))],
];
const PAGES: readonly (readonly [string, (text: string) => string])[] = [
  ...REPORTS,
  ['a page of the API', (text) => page(text, html`<p class="note">${text}</p>`)],
  ['an e-mail', (text) => renderEmail(noticeOf(text), LINKS).html],
  ['the list of the mail sink', (text) => mailListPage([mailOf(text)])],
  ['a mail in the mail sink', (text) => mailPage(mailOf(text))],
  ['the webhook sink', (text) => webhookPage([webhookOf(text)])],
];

/** As long, with its white space where it was, and harmless. */
const harmless = (text: string): string => text.replaceAll(/\S/g, 'x');

describe.each(PAGES)('%s', (_name, render) => {
  it.each(HOSTILE)('shows %s as text', (_what, text) => {
    const shown = render(text);
    expect(htmlStructure(shown)).toEqual(htmlStructure(render(harmless(text))));
    expect(htmlText(shown)).toContain(oneSpace(visibleText(text)));
    // Controls and marks that reorder a line are told, and don't act.
    expect(shown).not.toMatch(/[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/u);
  });
});

describe('the Slack sink', () => {
  // It shows bold as Slack does, so that its structure may differ by that and by nothing else.
  it.each(HOSTILE)('shows %s as text', (_what, text) => {
    const structure = (one: string) =>
      htmlStructure(slackPage([slackMessageOf(one)])).filter((line) => !/^ *strong$/.test(line));
    expect(structure(text)).toEqual(structure(harmless(text)));
  });
});

it('the mail sink shows the HTML of a mail where no script runs', () => {
  const shown = mailPage(mailOf('<script>alert(1)</script>'));
  expect(attributeValues(shown, 'sandbox')).toEqual(['allow-popups allow-popups-to-escape-sandbox']);
  expect(attributeValues(shown, 'srcdoc')).toEqual(['<script>alert(1)</script>']);
});

it.each(REPORTS)('%s forbids scripts and whatever is not in it', (_name, render) => {
  const shown = render('x');
  expect(attributeValues(shown, 'content')).toContainEqual(expect.stringMatching(/^default-src 'none'; /));
  const structure = htmlStructure(shown);
  expect(structure.filter((line) => /^ *(script|link|img|iframe|object) /.test(line))).toEqual([]);
  for (const target of attributeValues(shown, 'href')) expect(target).toMatch(/^#/);
});
