import { mkdtempSync, rmSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../examples/plantly/simulator/random.ts';
import { TrainerResult } from '../../../src/contracts/trainer.ts';
import { PLANTLY, runPython } from './run-python.ts';

const TRAINERS = ['baseline.py', 'gradient_boosted.py'] as const;
const FEATURES = ['plant_attributes.price', 'customer_profile.age', 'plant_region.invasive_here'];
const ROWS = 4000;
const EXIT_TRY_AGAIN = 75;
const EXIT_UNTRAINABLE = 2;

const root = mkdtempSync(join(tmpdir(), 'plantly-trainers-'));
const dataFile = join(root, 'train.parquet');
let runs = 0;

/** Column-wise JSON to Parquet, as the product's frames are. */
async function writeParquet(path: string, columns: Record<string, unknown[]>): Promise<void> {
  await writeFile(`${path}.json`, JSON.stringify(columns));
  const program =
    'import json,sys,pyarrow as pa,pyarrow.parquet as pq\n' +
    'pq.write_table(pa.table(json.load(open(sys.argv[1] + ".json"))), sys.argv[1])';
  await runPython(['-c', program, path], {});
}

function examples(): Record<string, unknown[]> {
  const random = createRandom('trainer-examples');
  const rows = Array.from({ length: ROWS }, () => {
    const [price, age, invasive] = [random.next() * 50, 18 + random.integer(60), Number(random.chance(0.05))];
    const bought = random.chance(1 / (1 + Math.exp(price / 10 - age / 20)));
    return { price, age, invasive, bought: Number(bought) };
  });
  return {
    'plant_attributes.price': rows.map((row) => row.price),
    'customer_profile.age': rows.map((row) => row.age),
    'plant_region.invasive_here': rows.map((row) => row.invasive),
    bought: rows.map((row) => row.bought),
  };
}

interface Prepared {
  env: { PERENNIAL_INPUT: string };
  outputDir: string;
  checkpointDir: string;
}

async function prepare(
  changes: {
    parameters?: Record<string, unknown>;
    resumeFrom?: string;
    path?: string;
    features?: string[];
  } = {},
): Promise<Prepared> {
  const folder = join(root, `run-${runs++}`);
  await mkdir(folder);
  const [outputDir, checkpointDir] = [join(folder, 'out'), join(folder, 'checkpoints')];
  const path = changes.path ?? dataFile;
  const input = {
    contractVersion: 1,
    runId: 'run',
    attempt: 1,
    datasets: [{ name: 'train', path, format: 'parquet', digest: 'sha256:1', rows: ROWS }],
    label: 'bought',
    features: (changes.features ?? FEATURES).map((name) => ({ name, type: 'float32' })),
    parameters: { device: 'cpu', steps: 60, rounds: 240, ...changes.parameters },
    seed: 5,
    outputDir,
    checkpointDir,
    resumeFrom: changes.resumeFrom ?? null,
    deadline: new Date(Date.now() + 60_000).toISOString(),
    resources: { gpus: [], cpus: 1, memoryBytes: 2 ** 31 },
  };
  const file = join(folder, 'input.json');
  await writeFile(file, JSON.stringify(input));
  return { env: { PERENNIAL_INPUT: file }, outputDir, checkpointDir };
}

/**
 * Runs a trainer that gets SIGTERM as it says on what it trains. By itself, as one from another process might come when
 * it is through: a few steps are a matter of milliseconds.
 */
const STOPPED_AS_IT_BEGINS = `
import builtins, os, runpy, signal, sys
say = builtins.print
def say_and_stop(*words, **options):
    say(*words, **options)
    if str(words[0]).startswith("device: "):
        os.kill(os.getpid(), signal.SIGTERM)
builtins.print = say_and_stop
trainer = sys.argv[1]
sys.path.insert(0, os.path.dirname(trainer))
runpy.run_path(trainer, run_name="__main__")
`;

const script = (trainer: string): string => join(PLANTLY, 'trainers', trainer);
const resultText = (run: Prepared): Promise<string> => readFile(join(run.outputDir, 'result.json'), 'utf8');
const modelBytes = (run: Prepared): Promise<Buffer> => readFile(join(run.outputDir, 'model.onnx'));

async function scores(run: Prepared, rows: readonly number[][]): Promise<number[]> {
  const session = await InferenceSession.create(join(run.outputDir, 'model.onnx'));
  const features = new Tensor('float32', Float32Array.from(rows.flat()), [rows.length, FEATURES.length]);
  const { score } = await session.run({ features });
  expect(score?.dims).toEqual([rows.length]);
  return Array.from(score?.data as Float32Array);
}

beforeAll(() => writeParquet(dataFile, examples()), 180_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.each(TRAINERS)('%s', { timeout: 180_000 }, (trainer) => {
  let whole: Prepared;

  beforeAll(async () => {
    whole = await prepare();
    await runPython([script(trainer)], whole.env);
  }, 180_000);

  it('gives equal bytes for equal input and seed, with a result that fits the contract', async () => {
    const again = await prepare();
    await runPython([script(trainer)], again.env);
    expect(await resultText(again)).toBe(await resultText(whole));
    expect((await modelBytes(again)).equals(await modelBytes(whole))).toBe(true);
    const result = TrainerResult.parse(JSON.parse(await resultText(whole)));
    expect(result.model.signature.inputs[0]?.features).toEqual(FEATURES);
    expect(result.metrics['train.auc']).toBeGreaterThan(0.7);
    expect(Object.keys(result.featureImportance ?? {})).toEqual(FEATURES);
    expect(String(result.environment['device'])).toContain('cpu');
  });

  it('puts an invasive plant below every other with the mask, and not without it', async () => {
    const open = await prepare({ parameters: { excludeInvasive: false } });
    await runPython([script(trainer)], open.env);
    const [cheapButInvasive, dear] = [
      [1, 70, 1],
      [50, 20, 0],
    ];
    const [maskedCheap, maskedDear] = await scores(whole, [cheapButInvasive, dear]);
    expect(maskedCheap).toBe(0);
    expect(maskedDear).toBeGreaterThan(0);
    const [openCheap, openDear] = await scores(open, [cheapButInvasive, dear]);
    expect(openCheap).toBeGreaterThan(openDear!);
  });

  it('stops on SIGTERM with a checkpoint, and resumes from it to the same model', async () => {
    const stopped = await prepare();
    const { stdout: said } = await runPython(
      ['-c', STOPPED_AS_IT_BEGINS, script(trainer)],
      stopped.env,
      EXIT_TRY_AGAIN,
    );
    expect(said).toContain('device: ');
    const newest = join(stopped.checkpointDir, (await readdir(stopped.checkpointDir)).sort().at(-1)!);
    expect(await readdir(newest)).toContain('COMPLETE');

    // The product may hand over a copy under another name.
    const copy = join(root, `copy-${runs}`);
    await cp(newest, copy, { recursive: true });
    const resumed = await prepare({ resumeFrom: copy });
    const { stdout } = await runPython([script(trainer)], resumed.env);
    expect(stdout).toContain('resuming after step');
    expect(await resultText(resumed)).toBe(await resultText(whole));
    expect((await modelBytes(resumed)).equals(await modelBytes(whole))).toBe(true);
  });
});

describe('what the trainers share', { timeout: 180_000 }, () => {
  it('starts afresh when the checkpoint is of another training', async () => {
    const other = await prepare({ parameters: { steps: 2 } });
    await runPython([script('baseline.py')], other.env);
    const [whole, run] = [await prepare(), await prepare({ resumeFrom: other.checkpointDir })];
    await runPython([script('baseline.py')], whole.env);
    const { stdout } = await runPython([script('baseline.py')], run.env);
    expect(stdout).toContain('of another training');
    expect(await resultText(run)).toBe(await resultText(whole));
  });

  it('exits 2 with the reason for input that can never be trained on', async () => {
    const oneClass = join(root, 'one-class.parquet');
    await writeParquet(oneClass, { ...examples(), bought: Array.from({ length: ROWS }, () => 0) });
    const text = join(root, 'text.parquet');
    await writeParquet(text, {
      ...examples(),
      'customer_profile.age': Array.from({ length: ROWS }, () => 'old'),
    });
    const cases: [Parameters<typeof prepare>[0], RegExp][] = [
      [{ path: oneClass }, /every example has the label 0/],
      [{ path: text }, /customer_profile\.age is string/],
      [{ path: join(root, 'absent.parquet') }, /no file at/],
      [{ features: ['plant_attributes.price'] }, /no feature is named invasive_here/],
      [{ parameters: { excludeInvasive: 'no' } }, /parameter excludeInvasive is 'no'/],
    ];
    for (const [changes, reason] of cases) {
      const run = await prepare(changes);
      const { stderr } = await runPython([script('baseline.py')], run.env, EXIT_UNTRAINABLE);
      expect(stderr).toMatch(reason);
      await expect(resultText(run)).rejects.toThrow(/ENOENT/);
    }
  });
});

it(
  'says plainly that it fell back to the CPU when CUDA was asked for and there is none',
  { timeout: 180_000 },
  async () => {
    const run = await prepare({ parameters: { device: 'cuda', rounds: 20 } });
    const { stdout } = await runPython([script('gradient_boosted.py')], {
      ...run.env,
      CUDA_VISIBLE_DEVICES: '',
    });
    const { environment } = TrainerResult.parse(JSON.parse(await resultText(run)));
    expect(environment['device']).toMatch(/^cpu \(asked for cuda, but /);
    expect(stdout).toContain(`device: ${String(environment['device'])}`);
  },
);
