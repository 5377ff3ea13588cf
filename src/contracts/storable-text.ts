import { z } from 'zod';

/**
 * Whether PostgreSQL, JSON and DuckDB can all hold a text: without NUL and without half of a surrogate pair. One such
 * value in a batch would hold up all the others.
 */
export function isStorable(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

export const StorableText = z
  .string()
  .refine(isStorable, 'must not contain NUL characters or halves of surrogate pairs');
