import { expect, it } from 'vitest';
import { ModelSpec } from '../../../src/contracts/spec/model-spec.ts';
import { effectiveSpec } from '../../../src/domain/spec/effective-spec.ts';

const spec = ModelSpec.parse({
  apiVersion: 'perennial/v1',
  name: 'm',
  description: 'd',
  owner: { team: 't' },
  sources: {},
  features: { views: {} },
  training: {
    spine: { query: { sql: 'SELECT 1' }, id: 'id', label: 'l', keys: ['k'] },
    features: ['v.c'],
    trainer: { command: ['x'] },
  },
  evaluation: { task: 'binary' },
  gates: [{ type: 'metric', name: 'g', metric: 'auc', min: 0.7 }],
  environments: { dev: { approval: null, gates: [] }, staging: {} },
});

it('replaces a section whole, and null is a value', () => {
  expect(effectiveSpec(spec, 'dev')).toMatchObject({ approval: null, gates: [] });
});

it('gives an environment that is not named, or is named like a property, the general sections', () => {
  for (const environment of ['prod', 'staging', 'constructor', '__proto__'])
    expect(effectiveSpec(spec, environment)).toMatchObject({
      approval: { quorum: 1 },
      gates: [{ name: 'g' }],
    });
});
