import { expect, it } from 'vitest';
import type { CardFacts } from '../../../src/domain/card/card-facts.ts';
import { renderCard } from '../../../src/domain/card/render-card.ts';

const EMPTY: CardFacts = {
  model: 'ranker',
  environment: 'prod',
  version: 3,
  stage: 'candidate',
  description: 'Ranks plants.',
  owner: { team: 'shop', email: null },
  labels: {},
  specRevision: 1,
  trigger: { source: 'api', reason: 'try', requestedBy: 'ada' },
  artifact: { digest: null, sizeBytes: null },
  frame: null,
  datasets: [],
  features: [],
  run: null,
  evaluation: null,
  champion: null,
  gates: null,
  decisions: [],
  warnings: [],
};
const judged = (auc: number | null) => ({
  overall: { auc },
  count: 100,
  slices: [{ name: 'region=EU', count: 40, metrics: { auc } }],
});

it('says plainly what is missing instead of leaving it out', () => {
  const card = renderCard(EMPTY);
  for (const text of ['no run is recorded', 'no evaluation is recorded', 'not judged yet'])
    expect(card).toContain(text);
});

it('sets every metric beside the champion, overall and by slice, and never shows an undefined one as 0', () => {
  const card = renderCard({
    ...EMPTY,
    evaluation: { id: 'e', metrics: judged(null), latencyMsP99: 0.25, latencySamples: 300 },
    champion: { version: 2, metrics: judged(0.75) },
  });
  expect(card).toContain('| overall | 100 | auc | – | 0.75 |');
  expect(card).toContain('| region=EU | 40 | auc | – | 0.75 |');
  expect(card).toContain('champion (version 2, on its own holdout)');
  expect(card).toContain('0.25 ms over 300 samples');
});

it('lets no text of a person become markup or break a table', () => {
  const card = renderCard({
    ...EMPTY,
    decisions: [
      {
        kind: 'approval',
        outcome: 'approved',
        actor: 'eve',
        reason: 'a | b\n<script>x</script> [click](evil)',
        at: 'now',
        evidenceHash: null,
      },
    ],
  });
  expect(card).not.toContain('<script>');
  expect(card).toContain('a \\| b \\<script\\>');
});

it('shows the rows that break a rule, twenty at most', () => {
  const rows = Array.from({ length: 30 }, (_, n) => ({ plant: `p${String(n)}` }));
  const verdict = { kind: 'fail', reason: '30 rows' } as const;
  const card = renderCard({
    ...EMPTY,
    gates: {
      version: 3,
      comparedWith: null,
      verdict,
      gates: [{ gate: 'invasive', type: 'rule', verdict, evidence: { rows, violations: 30 } }],
      evidenceHash: 'h',
      firstVersion: true,
      ungated: false,
    },
  });
  expect(card).toContain('"plant":"p19"');
  expect(card).not.toContain('"plant":"p20"');
});
