import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TrainerResult } from '../../../src/contracts/trainer.ts';
import { loadSpec } from '../../../src/spec/load-spec.ts';
import type { LoadedSpec } from '../../../src/spec/load-spec.ts';
import { assessColumnDrift } from '../../../src/stats/drift/assess-column-drift.ts';
import { runPython } from '../plantly/run-python.ts';

const CHECKOUT = resolve(import.meta.dirname, '../../..');
const EXAMPLE = 'examples/biopsies';
const PATIENCE_MS = 180_000;
const TO_PARQUET =
  'import sys,pyarrow.csv as c,pyarrow.parquet as p\np.write_table(c.read_csv(sys.argv[1]), sys.argv[2])';

/** A checkout of its own: who follows the tutorial in this one keeps the patients that came so far. */
const root = mkdtempSync(join(tmpdir(), 'perennial-biopsies-'));
const clinic = join(root, EXAMPLE, 'clinic.py');
const landed = join(root, '.perennial/biopsies/landed/history.csv');
const RADII = `import sys,json\nsys.path.insert(0, sys.argv[1])\nimport clinic
print(json.dumps([biopsy['radius'] for biopsy in clinic.biopsies()]))`;
const rowsOf = (file: string): string[][] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.split(','));
let loaded: LoadedSpec;

beforeAll(async () => {
  cpSync(join(CHECKOUT, EXAMPLE), join(root, EXAMPLE), { recursive: true });
  loaded = await loadSpec(join(root, EXAMPLE, 'perennial.yaml'));
  await runPython([clinic, 'history'], {});
}, PATIENCE_MS);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the biopsies of the tutorial', { timeout: PATIENCE_MS }, () => {
  it('land where the source of the spec looks for them, in its columns', () => {
    const { biopsies } = loaded.spec.sources;
    if (biopsies?.type !== 'files') throw new Error('the source is no files');
    expect(dirname(resolve(root, EXAMPLE, biopsies.uri))).toBe(dirname(landed));
    const [header, ...rows] = rowsOf(landed);
    expect(header).toEqual(Object.keys(biopsies.columns ?? {}));
    expect(new Set(rows.map(([id]) => id)).size).toBe(240);
    expect(rows.length).toBe(240);
  });

  it('begin with the screening clinic, where one in ten is malignant, in the same order each time', async () => {
    const measured = () => rowsOf(landed).map(([id, , ...values]) => [id, ...values]);
    const before = measured();
    const malignant = before.filter((row) => row.at(-1) === 'True').length;
    expect(malignant / 240).toBeGreaterThan(0.05);
    expect(malignant / 240).toBeLessThan(0.15);
    await runPython([clinic, 'history'], {});
    expect(measured()).toEqual(before);
  });

  it('drift when the referrals come, and not before: the last 30 to 60 patients against those of the training', async () => {
    const { stdout } = await runPython(['-c', RADII, dirname(clinic)], {});
    const radii = JSON.parse(stdout) as number[];
    expect(radii).toHaveLength(569);
    const verdictAfter = (patients: number): string => {
      const current = radii.slice(Math.max(240, patients - 60), patients);
      return assessColumnDrift({ kind: 'numeric', reference: radii.slice(0, 240), current }).kind;
    };
    const each = (from: number, to: number) => [
      ...new Set(Array.from({ length: to - from + 1 }, (_, i) => verdictAfter(from + i))),
    ];
    expect(each(241, 269)).toEqual(['insufficient_data']);
    expect(each(270, 340)).toEqual(['stable']);
    expect(each(370, 400)).toEqual(['drifted']);
  });

  it('teach the trainer of the example, whose result fits the contract', async () => {
    const { features, trainer, spine } = loaded.spec.training;
    const names = features.map((name) => name.replace('nuclei.', ''));
    const path = join(root, 'frame.parquet');
    await runPython(['-c', TO_PARQUET, landed, path], {});
    const [outputDir, file] = [join(root, 'out'), join(root, 'input.json')];
    mkdirSync(outputDir);
    const input = {
      datasets: [{ name: 'train', path }],
      label: spine.label,
      features: names.map((name) => ({ name, type: 'float32' })),
      seed: trainer.seed,
      outputDir,
    };
    writeFileSync(file, JSON.stringify(input));
    await runPython([join(loaded.trainerDirectory, 'train.py')], { PERENNIAL_INPUT: file });
    const result = TrainerResult.parse(JSON.parse(readFileSync(join(outputDir, 'result.json'), 'utf8')));
    expect(result.model.signature.inputs[0]?.features).toEqual(names);
    expect(result.metrics['trainAccuracy']).toBeGreaterThan(0.9);
  });

  it('do not go on for who names no gateway', async () => {
    const { stderr } = await runPython([clinic, 'next', '3'], {}, 2);
    expect(stderr).toContain('`next` takes a count of 1 or more and --gateway');
  });
});
