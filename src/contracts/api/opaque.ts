import { z } from 'zod';
import { StorableText } from '../storable-text.ts';

/** JSON whose shape a TypeScript type of the domain gives: written by the product itself and passed on as it is. */
export function opaque<T>(description: string): z.ZodType<T, T> {
  return z.unknown().describe(description) as unknown as z.ZodType<T, T>;
}

/** Free text of a person, kept as written. */
export const FreeText = StorableText.trim().min(1).max(2000);
