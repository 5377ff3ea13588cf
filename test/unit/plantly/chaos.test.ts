import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FAULT_KINDS, nextFault } from '../../../examples/plantly/chaos/fault-plan.ts';
import { Sabotage } from '../../../examples/plantly/chaos/sabotage.ts';
import { createRandom } from '../../../examples/plantly/simulator/random.ts';

const plan = (seed: number, length: number) => {
  const random = createRandom('chaos', seed);
  return Array.from({ length }, () => nextFault(random));
};

it('plans the same faults for the same seed, and others for another', () => {
  expect(plan(1, 20)).toEqual(plan(1, 20));
  expect(plan(1, 20)).not.toEqual(plan(2, 20));
});

it('plans every kind of fault sooner or later, and only those that are asked for', () => {
  const kinds = new Set(plan(3, 400).map(({ fault }) => fault.kind));
  expect([...kinds].sort()).toEqual([...FAULT_KINDS].sort());
  const random = createRandom('chaos', 3);
  const only = Array.from({ length: 50 }, () => nextFault(random, ['freeze', 'cut']).fault.kind);
  expect(new Set(only)).toEqual(new Set(['freeze', 'cut']));
});

it('tells that no armed moment came, and disarms it', () => {
  const sabotage = new Sabotage(mkdtempSync(join(tmpdir(), 'perennial-chaos-')));
  sabotage.arm('api', { point: 'after-commit', skip: 0 });
  expect(sabotage.hasFired('api')).toBe(false);
  expect(sabotage.disarm('api')).toBeNull();
});
