import type { CheckReport } from '../../../src/cli/checks/check-report.ts';
import type { ScanReport } from '../../../src/cli/checks/scan-report.ts';
import type { Notice } from '../../../src/contracts/activities/control.ts';
import type { CanaryReport } from '../../../src/contracts/canary-report.ts';
import type { EvaluateReport } from '../../../src/contracts/evaluate-report.ts';
import type { DriftReport } from '../../../src/contracts/reports/drift-report.ts';
import type { ComparedColumn } from '../../../src/data/drift/compare-columns.ts';
import type { CardFacts } from '../../../src/domain/card/card-facts.ts';

/** Reports and messages in which one text stands in every place that data, specs or people fill. */

const data = (text: string) => ({
  location: text,
  format: 'csv',
  files: 2,
  rows: 3,
  columns: [{ name: text, type: 'VARCHAR' }],
});
const fail = (reason: string) => ({ kind: 'fail', reason }) as const;

export const checkReportOf = (text: string): CheckReport => ({
  schemaVersion: 1,
  data: data(text),
  verdict: 'fail',
  counts: { pass: 0, fail: 1, skipped: 0 },
  notes: [text],
  expectations: [
    {
      title: text,
      expect: 'in_set',
      columns: [text],
      verdict: 'fail',
      reason: text,
      rows: 3,
      missing: 0,
      unexpected: { count: 1, share: 1 / 3 },
      observed: text,
      samples: [text, text],
    },
  ],
});

export const scanReportOf = (text: string): ScanReport => ({
  schemaVersion: 1,
  data: data(text),
  verdict: 'pii',
  columns: [
    {
      name: text,
      type: 'VARCHAR',
      verdict: 'pii',
      values: 3,
      piiValues: 1,
      kinds: [
        { kind: 'email_address', verdict: 'pii', values: 1, share: 1 / 3, reason: text, samples: [text] },
      ],
      named: text,
      sampled: false,
      allowed: false,
    },
  ],
});

const NO_MEASURES = {
  psi: 0.4,
  js_distance: null,
  js_divergence: null,
  kl: null,
  hellinger: null,
  tvd: null,
  l_infinity: null,
  ks: null,
  wasserstein_normed: null,
  chi_square: null,
};

export const driftReportOf = (text: string): DriftReport => ({
  schemaVersion: 1,
  reference: { location: text, rows: 3 },
  current: { location: text, rows: 3 },
  columns: [
    {
      name: text,
      kind: 'categorical',
      missing: { reference: 0, current: 0 },
      missing_drifted: false,
      infinite: { reference: 0, current: 0 },
      measures: NO_MEASURES,
      measure_reasons: {},
      method: 'psi',
      value: 0.4,
      threshold: 0.1,
      verdict: 'drifted',
      reason: text,
      p_value: null,
      smallest_detectable: null,
    },
  ],
  dataset: { drifted_share: 1, verdict: 'drifted', reason: text },
  multivariate: { method: 'domain_classifier', auc: 0.9, p_value: 0.01, verdict: 'drifted', reason: text },
});

/** The drawings of that report: categories are values of the data. */
export const drawnOf = (text: string): ComparedColumn[] => {
  const aside = { rows: 3, missing: 0, infinite: 0 } as unknown as ComparedColumn['reference'];
  return [
    {
      column: { name: text, kind: 'categorical', types: ['VARCHAR', 'VARCHAR'], sql: ['a', 'a'] },
      reference: aside,
      current: aside,
      measures: null,
      verdict: null,
      shown: { kind: 'categories', categories: [{ label: text, reference: 1, current: 2 }] },
    },
  ];
};

export const evaluateReportOf = (text: string): EvaluateReport => ({
  schemaVersion: 1,
  predictions: { location: text, rows: 3, used: 3, dropped: {} },
  task: 'binary',
  inferred: [{ what: text, value: text, why: text }],
  notes: [text],
  columns: {
    label: text,
    score: [text],
    prediction: null,
    weight: null,
    group: null,
    item: null,
    sensitive: text,
    strata: text,
    slices: [text],
  },
  classes: [text, 'other'],
  threshold: 0.5,
  k: null,
  overall: { count: 3, metrics: { auc: 0.8, accuracy: 0.7 } },
  slices: [{ key: text, name: text, count: 3, metrics: { auc: 0.8, accuracy: 0.7 } }],
  confusion: [
    [1, 0],
    [0, 2],
  ],
  calibration: [{ low: 0, high: 1, weight: 3, meanScore: 0.5, positiveShare: 0.5 }],
  bias: {
    column: text,
    fairness: { demographicParityDifference: 0.1 },
    groups: { [text]: { count: 3, selectionRate: 0.5 } },
    clarify: { [text]: { DPL: 0.1 } },
  },
  thresholds: [{ threshold: text, metric: 'auc', scope: 'slices', verdict: fail(text) }],
  verdict: fail(text),
});

export const canaryReportOf = (text: string): CanaryReport => {
  const arm = { count: 300, missing: 0, successes: 30, mean: 0.1, standardDeviation: 0.3 };
  return {
    schemaVersion: 1,
    control: { location: text, rows: 300 },
    canary: { location: text, rows: 300 },
    mode: 'fixed',
    alpha: 0.05,
    minSamples: 200,
    inferred: [{ what: text, value: text, why: text }],
    split: { intended: [90, 10], pValue: 0.001, mismatch: true },
    metrics: [
      {
        metric: text,
        kind: 'proportion',
        higherIsBetter: true,
        margin: 0.05,
        control: arm,
        canary: arm,
        difference: 0,
        relativeDifference: 0,
        sequential: { interval: { low: -0.1, high: 0.1 }, pHarm: 0.5 },
        fixed: {
          kind: 'inconclusive',
          interval: { low: -0.1, high: 0.1 },
          pNonInferior: 0.5,
          pInferior: 0.5,
        },
        tests: { [text]: 0.5 },
        planning: { power: 0.8, powerNow: 0.5, requiredControl: 100, requiredCanary: 100 },
        verdict: fail(text),
      },
    ],
    verdict: fail(text),
  };
};

export const noticeOf = (text: string): Notice => ({
  model: text,
  environment: text,
  key: 'incident/1/opened',
  thread: 'incident/1',
  kind: 'incident_opened',
  severity: 'critical',
  title: text,
  text,
  facts: { [`a${text}`]: text },
  actions: [],
  escalate: false,
});

export const cardFactsOf = (text: string): CardFacts => {
  const metrics = {
    overall: { [text]: 0.8 },
    count: 3,
    slices: [{ name: text, count: 3, metrics: { [text]: 0.8 } }],
  };
  return {
    model: text,
    environment: text,
    version: 3,
    stage: 'candidate',
    description: text,
    owner: { team: text, email: text },
    labels: { [text]: text },
    specRevision: 1,
    trigger: { source: text, reason: text, requestedBy: text },
    artifact: { digest: 'a'.repeat(64), sizeBytes: 1000 },
    frame: 'f'.repeat(64),
    datasets: [{ source: text, digest: 'd'.repeat(64), rows: 3, watermark: { from: null, to: text } }],
    features: [{ name: text, meaning: text }],
    run: {
      runId: 'run-1',
      command: ['python', text],
      parameters: { [text]: text },
      seed: 7,
      device: text,
      runtime: { [text]: text },
      codeDigest: 'c'.repeat(64),
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:01:00Z',
    },
    evaluation: { id: 'evaluation-1', metrics, latencyMsP99: 0.2, latencySamples: 300 },
    champion: { version: 2, metrics },
    gates: {
      version: 3,
      comparedWith: 2,
      verdict: fail(text),
      gates: [
        {
          gate: text,
          type: 'rule',
          verdict: fail(text),
          evidence: { [text]: text, rows: [{ [text]: text }, text] },
        },
      ],
      evidenceHash: 'e'.repeat(64),
      firstVersion: false,
      ungated: false,
    },
    decisions: [
      { kind: text, outcome: text, actor: text, reason: text, at: '2026-01-01', evidenceHash: null },
    ],
    warnings: [text],
  };
};
