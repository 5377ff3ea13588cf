import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFile } from '../../../src/cli/checks/check-report.ts';
import { openTestedFile } from '../../../src/cli/checks/open-tested-file.ts';
import { scanFile } from '../../../src/cli/checks/scan-report.ts';
import { canaryPage } from '../../../src/cli/pages/canary-page.ts';
import { driftPage } from '../../../src/cli/pages/drift-page.ts';
import { evaluationPage } from '../../../src/cli/pages/evaluation-page.ts';
import { findingsPage } from '../../../src/cli/pages/findings-page.ts';
import { checkFindings } from '../../../src/cli/reports/check-findings.ts';
import { driftReport } from '../../../src/cli/reports/drift-report.ts';
import { scanFindings } from '../../../src/cli/reports/scan-findings.ts';
import { openDataFile } from '../../../src/data/data-file/open-data-file.ts';
import type { DataFile } from '../../../src/data/data-file/open-data-file.ts';
import { compareColumns } from '../../../src/data/drift/compare-columns.ts';
import type { ComparedColumn } from '../../../src/data/drift/compare-columns.ts';
import { pairColumns } from '../../../src/data/drift/pair-columns.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { DuckDbSession } from '../../../src/data/duckdb.ts';
import { parseMetric } from '../../../src/evaluation/canary/canary-options.ts';
import { compareCanaryFiles } from '../../../src/evaluation/canary/compare-files.ts';
import { evaluatePredictions } from '../../../src/evaluation/predictions/evaluate-predictions.ts';

const HOSTILE = `<img src=x onerror=alert(1)>"'&`;
let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'perennial-pages-'))));
afterAll(() => rmSync(directory, { recursive: true }));

const quoted = `"${HOSTILE.replaceAll('"', '""')}"`;

function csv(name: string, shift: number): string {
  const line = (i: number): string =>
    [
      (i % 37) + shift,
      i % 3 === 0 ? quoted : 'plain',
      i % 2,
      (i % 10) / 10,
      `ada${String(i)}@example.com`,
    ].join();
  const rows = Array.from({ length: 400 }, (_, i) => line(i));
  writeFileSync(join(directory, name), `${quoted},kind,y,score,mail\n${rows.join('\n')}\n`);
  return join(directory, name);
}

function open(session: DuckDbSession, location: string, as: string): Promise<DataFile> {
  return openDataFile(session, location, {
    as,
    s3: () => {
      throw new Error('there is no S3 here');
    },
  });
}

const evaluateOptions = {
  ...{ task: null, label: 'y', score: ['score'], prediction: null, positive: null, weight: null },
  ...{
    group: null,
    item: null,
    sensitive: 'kind',
    strata: null,
    slices: ['kind'],
    minSliceSize: 1,
    cut: 0.5,
    k: 10,
  },
  ...{ bootstrap: 0, seed: 1, thresholds: ['auc>=0.9'], sliceThresholds: [] },
};

/** The page of each command, of data whose names and values want to be more than text. */
async function pageOf(command: string): Promise<string> {
  const [first, second] = [csv('a.csv', 0), csv('b.csv', 40)];
  return withDuckDb({ directory }, async (session) => {
    switch (command) {
      case 'drift': {
        const left = await open(session, first, 'reference');
        const right = await open(session, second, 'current');
        const columns = await pairColumns(session, left, right, {
          columns: undefined,
          exclude: undefined,
          kinds: {},
        });
        const compared: ComparedColumn[] = [];
        for await (const column of compareColumns(session, left, right, columns, {})) compared.push(column);
        return driftPage(driftReport(left, right, compared, 0.5), compared);
      }
      case 'evaluate':
        return evaluationPage(
          await evaluatePredictions(session, await open(session, first, 'predictions'), evaluateOptions),
        );
      case 'canary': {
        const control = await open(session, first, 'control');
        const canary = await open(session, second, 'canary');
        return canaryPage(
          await compareCanaryFiles(session, control, canary, {
            metrics: [parseMetric(HOSTILE)],
            ...{ kind: null, margins: new Map(), sequential: false, alpha: 0.05, power: 0.8 },
            ...{ minSamples: 200, split: null },
          }),
        );
      }
      case 'check': {
        const file = await openTestedFile(session, first, 'batch', {});
        const wanted = [{ expect: 'in_set' as const, column: 'kind', values: ['plain'], mostly: 1 }];
        return findingsPage(checkFindings(await checkFile(session, file, wanted, () => null)));
      }
      default: {
        const file = await openTestedFile(session, first, 'data', {});
        return findingsPage(scanFindings(await scanFile(session, file, { allow: [], kinds: null })));
      }
    }
  });
}

describe.each([
  ['drift', '1 of 5 columns drifted'],
  ['evaluate', '1 of 1 threshold missed: auc&gt;=0.9'],
  ['canary', 'the canary is worse than its control by &lt;img'],
  ['check', '1 of 1 expectation fails'],
  ['scan', '1 of 5 columns holds personal data: mail'],
])('the page of %s', (command, headline) => {
  let page: string;
  beforeAll(async () => {
    page = await pageOf(command);
  });

  it('begins with its verdict in one line', () => {
    expect(/class="headline">([^<]*)/.exec(page)?.[1]).toContain(headline);
  });

  it('loads and runs nothing, and its policy forbids it', () => {
    expect(page).toContain('http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;');
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|https?:|url\(/);
    expect(page.match(/href="(?!#)/g)).toBeNull();
  });

  it('shows what data say as text', () => {
    expect(page).not.toContain(HOSTILE);
    if (command !== 'scan') expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
  });

  it('tells its tables and pictures to those who hear them', () => {
    expect(page.match(/<table /g)?.length).toBe(
      page.match(/<table class="[^"]+" role="table" aria-label="[^"]/g)?.length,
    );
    expect(page.match(/<svg /g)?.length).toBe(page.match(/<svg [^>]*role="img" aria-label="[^"]/g)?.length);
    expect(page).toMatch(/<th role="columnheader" scope="col"/);
  });
});
