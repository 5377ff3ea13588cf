import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { momentsMissed, nextActivityCrash } from '../../../examples/plantly/chaos/activity-walk.ts';
import { FAULT_KINDS, nextFault } from '../../../examples/plantly/chaos/fault-plan.ts';
import type { FaultReport } from '../../../examples/plantly/chaos/inject-faults.ts';
import { Saboteur, Sabotage } from '../../../examples/plantly/chaos/sabotage.ts';
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

it('plans deaths only at moments that the process has', () => {
  const moments = new Map<string, Set<string>>();
  for (const { fault } of plan(4, 4000))
    if (fault.kind === 'crash-point')
      moments.set(fault.target, (moments.get(fault.target) ?? new Set()).add(fault.point));
  const ofWorkers = ['after-activity', 'after-commit', 'after-put', 'before-activity'];
  expect(Object.fromEntries([...moments].map(([target, points]) => [target, [...points].sort()]))).toEqual({
    'worker-control': [...ofWorkers, 'before-note'],
    'worker-data': ofWorkers,
    'worker-training': ofWorkers,
    'worker-rollout': ofWorkers,
    api: ['after-commit', 'after-temporal'],
    gateway: ['after-commit', 'after-put'],
  });
});

it('spares the moments that had their turn, and tells which had none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-chaos-'));
  const sabotage = new Sabotage(folder);
  const saboteur = new Saboteur(folder, 'worker-control');
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  const faults: FaultReport[] = [];
  try {
    for (const name of ['notify', 'loadPolicy', 'loadPolicy']) {
      const { fault } = nextActivityCrash({ ...createRandom('walk'), pick: ([first]) => first! }, faults);
      if (fault.kind !== 'crash-point') throw new Error('the walk plans only crashes');
      sabotage.arm('worker-control', fault);
      saboteur.noteActivity(name);
      saboteur.pass('before-activity', `before activity ${name}`);
      const detail = sabotage.disarm('worker-control');
      const report = { at: '', lasted: { from: 0, to: 0 }, during: '', fault, recoveredAfterMs: null };
      faults.push({ ...report, hit: detail !== null, detail: detail ?? '' });
    }
  } finally {
    kill.mockRestore();
  }
  expect(faults.map(({ hit }) => hit)).toEqual([true, true, false]);
  expect(momentsMissed([{ faults, activities: sabotage.activities() }])).toEqual([
    'after activity loadPolicy',
    'after activity notify',
  ]);
});

it('walks on at another worker, or at the other end of activities, where no moment came', () => {
  const random = createRandom('walk');
  const faults: FaultReport[] = [];
  const places = new Set<string>();
  for (let i = 0; i < 8; i += 1) {
    const { fault } = nextActivityCrash(random, faults);
    if (fault.kind !== 'crash-point') throw new Error('the walk plans only crashes');
    places.add(`${fault.target} ${fault.point}`);
    const report = { at: '', lasted: { from: 0, to: 0 }, during: '', fault, recoveredAfterMs: null };
    faults.push({ ...report, hit: false, detail: '' });
  }
  expect(places.size).toBe(8);
});

it('tells that no armed moment came, and disarms it', () => {
  const sabotage = new Sabotage(mkdtempSync(join(tmpdir(), 'perennial-chaos-')));
  sabotage.arm('api', { point: 'after-commit', skip: 0 });
  expect(sabotage.hasFired('api')).toBe(false);
  expect(sabotage.disarm('api')).toBeNull();
});
