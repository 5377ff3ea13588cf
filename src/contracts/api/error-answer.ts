import { z } from 'zod';

/** The body of every answer that is not a success. `code` is stable; `message` is for people. */
export const ErrorAnswer = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    problems: z
      .array(
        z.object({
          path: z.string().optional(),
          message: z.string(),
          line: z.int().optional(),
          file: z.string().optional(),
        }),
      )
      .optional(),
    requestId: z.string(),
  }),
});
export type ErrorAnswer = z.infer<typeof ErrorAnswer>;
