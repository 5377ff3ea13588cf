import { z } from 'zod';
import { ModelSpec } from '../contracts/spec/model-spec.ts';

/** The JSON Schema of `perennial.yaml`, for editors and for the reference page. */
export function specJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(ModelSpec, { io: 'input', target: 'draft-2020-12' });
  return { ...schema, title: 'Perennial lifecycle spec' };
}
