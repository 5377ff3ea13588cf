import { expect, it } from 'vitest';
import { higherIsBetter } from '../../../src/domain/gates/metric-direction.ts';
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
    metricNames(task, { groupBy: 'group', recommendations: true }),
  );
  expect(Object.keys(METRIC_MEANINGS).sort()).toEqual([...new Set(computed)].sort());
});

it('says of the same metrics that lower is better as gates go by', () => {
  const said = Object.entries(METRIC_MEANINGS).filter(([, meaning]) => meaning.endsWith('lower is better'));
  const lower = Object.keys(METRIC_MEANINGS).filter((metric) => !higherIsBetter(metric));
  expect(said.map(([metric]) => metric)).toEqual(lower);
});
