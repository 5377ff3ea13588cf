import { z } from 'zod';

/**
 * Whether PostgreSQL, JSON and DuckDB can all hold a text: without NUL and without half of a surrogate pair. One such
 * value in a batch would hold up all the others.
 */
function isStorable(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

export const StorableText = z
  .string()
  .refine(isStorable, 'must not contain NUL characters or halves of surrogate pairs');

/** Whether every text in a value, names of keys among them, can be held. */
export function holdsStorable(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, part]) => isStorable(key) && holdsStorable(part));
}

/** A text of somebody who can't be told to mend it: what can't be held becomes U+FFFD. */
export function storable(text: string): string {
  return text.replaceAll(/[\0\p{Surrogate}]/gu, '\uFFFD');
}
