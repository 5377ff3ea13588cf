import { expect, it } from 'vitest';
import { specJsonSchema } from '../../../src/spec/spec-json-schema.ts';
import { specReference } from '../../../src/spec/spec-reference.ts';

const published = (name: string): string =>
  new URL(`../../../docs/reference/${name}`, import.meta.url).pathname;

// Refresh both with: npx vitest run -u test/unit/spec
it('publishes the JSON Schema that the product checks by', async () => {
  await expect(`${JSON.stringify(specJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
    published('perennial.schema.json'),
  );
});

it('publishes a reference page of that schema', async () => {
  await expect(specReference()).toMatchFileSnapshot(published('spec.md'));
});
