import type { PiiKind } from '../../domain/pii-kind.ts';
import { AMERICAN_RECOGNISERS } from './american-recognisers.ts';
import { ASIAN_RECOGNISERS } from './asian-recognisers.ts';
import { CONTACT_RECOGNISERS } from './contact-recognisers.ts';
import { EUROPEAN_RECOGNISERS } from './european-recognisers.ts';
import { FINANCE_RECOGNISERS } from './finance-recognisers.ts';
import type { Recogniser } from './recogniser.ts';
import { runsOf } from './runs-of.ts';

export const RECOGNISERS: readonly Recogniser[] = [
  ...CONTACT_RECOGNISERS,
  ...FINANCE_RECOGNISERS,
  ...AMERICAN_RECOGNISERS,
  ...EUROPEAN_RECOGNISERS,
  ...ASIAN_RECOGNISERS,
];

/** Characters of a value that are read; what lies beyond is not looked at. */
export const MAX_TEXT = 65_536;
/** How far before a bare number a word may stand that says what it is. */
const HINT_REACH = 48;
const RANK = { checked: 2, formed: 1, bare: 0 } as const;

export interface PiiMatch {
  readonly kind: PiiKind;
  /** Place in the text, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  readonly strength: Recogniser['strength'];
}

/** A run of text that has the form of a kind. */
export interface PiiShape extends PiiMatch {
  readonly recogniser: Recogniser;
  readonly valid: boolean;
  /** A word before it, or the name of its column, says the kind. */
  readonly hinted: boolean;
}

/** Everything in a text that has the form of a kind, whether its check digits are right or not. */
export function piiShapes(text: string, columnName = ''): PiiShape[] {
  const head = text.slice(0, MAX_TEXT);
  const name = columnWords(columnName);
  return RECOGNISERS.flatMap((recogniser) =>
    runsOf(recogniser, head).map((run) => {
      const before = head.slice(Math.max(0, run.start - HINT_REACH), run.start);
      return {
        ...run,
        kind: recogniser.kind,
        strength: recogniser.strength,
        recogniser,
        hinted: recogniser.hint.test(name) || recogniser.hint.test(before),
      };
    }),
  );
}

/**
 * Personal data in a text, in its order, each stretch as one kind: what is checked before what is formed, the longer
 * before the shorter. Ten digits that could be dialled in North America count as a telephone number; other bare numbers
 * only beside a word (or in a column) that says what they are.
 */
export function recognisePii(text: string, columnName = ''): PiiMatch[] {
  return settle(
    piiShapes(text, columnName).filter(
      (shape) => shape.valid && (shape.strength !== 'bare' || shape.hinted || shape.kind === 'phone_number'),
    ),
  );
}

/** Of shapes that overlap the one that says most. */
export function settle<T extends PiiShape>(shapes: readonly T[]): T[] {
  const weight = (shape: T): number => RANK[shape.strength] + (shape.hinted ? 3 : 0);
  const ranked = [...shapes].sort(
    (a, b) => weight(b) - weight(a) || b.end - b.start - (a.end - a.start) || a.start - b.start,
  );
  const taken = new Uint8Array(shapes.reduce((end, shape) => Math.max(end, shape.end), 0));
  const kept = ranked.filter(({ start, end }) => {
    if (taken.subarray(start, end).includes(1)) return false;
    taken.fill(1, start, end);
    return true;
  });
  return kept.sort((a, b) => a.start - b.start);
}

/** The words of a column's name: `customerEmail_1` as `customer Email 1`. */
export function columnWords(name: string): string {
  return name.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').replaceAll(/[_.-]+/g, ' ');
}
