import { expect, it } from 'vitest';
import { specJsonSchema } from '../../../src/spec/spec-json-schema.ts';

it('publishes the JSON Schema that the product checks by (refresh: npx vitest run -u test/unit/spec)', async () => {
  const file = new URL('../../../docs/reference/perennial.schema.json', import.meta.url).pathname;
  await expect(`${JSON.stringify(specJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(file);
});
