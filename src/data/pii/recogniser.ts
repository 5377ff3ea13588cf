import type { PiiKind } from '../../domain/pii-kind.ts';

/** How one kind of personal data is told from other text. Patterns are global and bounded: linear in the text. */
export interface Recogniser {
  readonly kind: PiiKind;
  readonly pattern: RegExp;
  /** Whether a text of the pattern is one: its check digits, ranges and numbers that were never given out. */
  readonly valid: (match: string) => boolean;
  /**
   * `checked`: a check digit or an unmistakable form. `formed`: its form alone. `bare`: a run of digits that as many
   * other numbers have; it counts only beside a word or a column name that says so, or when a whole column is like it.
   */
  readonly strength: 'checked' | 'formed' | 'bare';
  /**
   * What stands beside it, such as a year or a short word, can look like one more of its groups: a text that is not valid
   * is tried again without its last groups, and then from its second.
   */
  readonly inGroups?: true;
  /** What a word near it, or the column's name, says. */
  readonly hint: RegExp;
  /** How many numbers of the same form pass by chance, such as 1/10 for a check digit; 0 where none do. */
  readonly chance: number;
}

/** The digits of a text, without what separates them. */
export function digitsOf(text: string): string {
  return text.replaceAll(/\D/g, '');
}
