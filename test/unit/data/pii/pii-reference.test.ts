import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PII_KINDS } from '../../../../src/domain/pii-kind.ts';
import { recognisePii } from '../../../../src/data/pii/recognise-pii.ts';

interface Case {
  readonly id: number;
  readonly text: string;
  readonly label: readonly string[];
}
interface Counts {
  tp: number;
  fp: number;
  fn: number;
}
const load = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../reference/${name}`, import.meta.url), 'utf8'));
const cases = load('pii_cases.json') as readonly Case[];
const presidio = load('pii_expected.json') as {
  readonly per_entity: Readonly<Record<string, Counts>>;
  readonly cases: readonly (Case & { readonly presidio: Record<string, { start: number; end: number }[]> })[];
};

const precision = ({ tp, fp }: Counts): number => (tp + fp === 0 ? 1 : tp / (tp + fp));
const recall = ({ tp, fn }: Counts): number => (tp + fn === 0 ? 1 : tp / (tp + fn));

/** Whether each kind is named for each text, as the labels count it. */
function countsOf(kind: string): Counts {
  const counts = { tp: 0, fp: 0, fn: 0 };
  for (const { text, label } of cases) {
    const found = recognisePii(text).some((match) => match.kind === kind.toLowerCase());
    const wanted = label.includes(kind);
    if (found && wanted) counts.tp += 1;
    else if (found) counts.fp += 1;
    else if (wanted) counts.fn += 1;
  }
  return counts;
}

describe('personal data against Presidio', () => {
  it.each(cases)('finds what is labelled in text $id and nothing else', ({ text, label }) => {
    const kinds = [...new Set(recognisePii(text).map((match) => match.kind))].sort();
    expect(kinds).toEqual(label.map((kind) => kind.toLowerCase()).sort());
  });

  it('has no lower precision or recall than Presidio in any kind', () => {
    const lines = Object.entries(presidio.per_entity).map(([kind, theirs]) => {
      const ours = countsOf(kind);
      expect(precision(ours), kind).toBeGreaterThanOrEqual(precision(theirs));
      expect(recall(ours), kind).toBeGreaterThanOrEqual(recall(theirs));
      const shown = (counts: Counts): string =>
        `precision ${precision(counts).toFixed(3)} recall ${recall(counts).toFixed(3)}`;
      return `${kind.padEnd(14)} ours ${shown(ours)}   Presidio ${shown(theirs)}`;
    });
    console.log(lines.join('\n'));
  });

  it('finds the same places where both find something', () => {
    for (const { text, presidio: theirs } of presidio.cases) {
      const ours = recognisePii(text);
      for (const [kind, spans] of Object.entries(theirs)) {
        const mine = ours.filter((match) => match.kind === kind.toLowerCase());
        if (mine.length > 0)
          expect(
            mine.map(({ start, end }) => ({ start, end })),
            text,
          ).toEqual(spans.map(({ start, end }) => ({ start, end })));
      }
    }
  });

  it('names its kinds as Presidio names the same', () => {
    const known = new Set(
      (load('pii_recognizers.json') as { recognizers: { entities?: string[] }[] }).recognizers
        .flatMap((recogniser) => recogniser.entities ?? [])
        .map((entity) => entity.toLowerCase()),
    );
    const ownOnly = PII_KINDS.filter((kind) => !known.has(kind));
    expect(ownOnly).toEqual(['br_cpf', 'fr_nir', 'nl_bsn']);
  });
});
