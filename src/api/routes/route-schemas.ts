import type { z } from 'zod';
import { ErrorAnswer } from '../../contracts/api/error-answer.ts';

/** The answers of a route: its own on success, and the one shape of every refusal and failure. */
export function answers<T extends z.ZodType>(
  success: T,
): { 200: T; '4xx': typeof ErrorAnswer; '5xx': typeof ErrorAnswer } {
  return { 200: success, '4xx': ErrorAnswer, '5xx': ErrorAnswer };
}
