import { z } from 'zod';

/** The list that an answer of the API holds under a name, such as `{"versions": […]}`. */
export function listIn<T extends z.ZodType>(name: string, item: T, answer: unknown): z.output<T>[] {
  const body = z.object({ [name]: z.array(item) }).parse(answer);
  return body[name] as z.output<T>[];
}
