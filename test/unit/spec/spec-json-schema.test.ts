import { expect, it } from 'vitest';
import { specJsonSchema } from '../../../src/spec/spec-json-schema.ts';
import { METRIC_MEANINGS, metricNames } from '../../../src/spec/spec-names.ts';
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

it('says of every metric that a gate may name what it means, and of no other', () => {
  const computed = (['binary', 'multiclass', 'regression'] as const).flatMap((task) =>
    metricNames(task, 'group'),
  );
  expect(Object.keys(METRIC_MEANINGS).sort()).toEqual([...new Set(computed)].sort());
});
