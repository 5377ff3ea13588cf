import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { venvBin } from '../../../src/embedded/binaries.ts';
import { packBundle } from '../../../src/training/bundle.ts';
import { newestCheckpoint } from '../../../src/training/checkpoints.ts';
import { maskSecrets } from '../../../src/training/mask-secrets.ts';
import { takeFile } from '../../../src/training/take-file.ts';
import { readTrainerOutput } from '../../../src/training/trainer-output.ts';

const CANARY = 'canary-7d20e1-of-the-worker';
const MODEL = 'test/integration/serving/models/linear.onnx';
const FEATURES = ['shop.a', 'shop.b', 'shop.c'];
let root: string;
let output: string;
let kept: string;
let secret: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'perennial-output-'));
  [output, kept, secret] = [join(root, 'output'), join(root, 'kept'), join(root, 'secret.txt')];
  mkdirSync(output);
  writeFileSync(secret, CANARY);
  copyFileSync(MODEL, join(output, 'model.onnx'));
  writeFileSync(join(output, 'notes.txt'), 'notes');
});
afterEach(() => rmSync(root, { recursive: true }));

function result(changes: { model?: string; files?: readonly string[]; raw?: unknown } = {}): unknown {
  const signature = {
    inputs: [{ name: 'features', type: 'float32', shape: [-1, 3], features: FEATURES }],
    outputs: [{ name: 'score', type: 'float32', shape: [-1] }],
  };
  return {
    contractVersion: 1,
    model: { path: changes.model ?? 'model.onnx', format: 'onnx', signature },
    metrics: {},
    files: (changes.files ?? ['notes.txt']).map((path) => ({ path, description: 'x' })),
  };
}

const write = (value: unknown) => writeFileSync(join(output, 'result.json'), JSON.stringify(value));
const read = () => readTrainerOutput(output, kept, FEATURES, maskSecrets([CANARY]));

async function refusal(): Promise<string> {
  const error: unknown = await read().then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 'TRAINER_RESULT_INVALID', retry: 'never' });
  const text = JSON.stringify([(error as Error).message, error]);
  expect(text).not.toContain(CANARY);
  expect(text).not.toContain('root:');
  return text;
}

describe("numbers of a trainer's result", () => {
  it('are left out where they are not finite, as Python writes NaN', async () => {
    const odd = {
      ...(result() as object),
      metrics: { auc: 0.5, loss: 'LOSS', lift: null },
      featureImportance: { a: 'TOP' },
    };
    const text = JSON.stringify({ ...odd, environment: { note: 'NaN, "Infinity"' } });
    writeFileSync(join(output, 'result.json'), text.replace('"LOSS"', 'NaN').replace('"TOP"', '-Infinity'));
    const { result: taken } = await read();
    expect(taken.metrics).toEqual({ auc: 0.5 });
    expect(taken.featureImportance).toEqual({});
    expect(taken.environment).toEqual({ note: 'NaN, "Infinity"' });
  });
});

describe("what a trainer's result names", () => {
  it('is copied out of its reach when it is plain, folders and links inside included', async () => {
    mkdirSync(join(output, 'plots'));
    writeFileSync(join(output, 'plots', 'loss.txt'), 'loss');
    symlinkSync('loss.txt', join(output, 'plots', 'newest.txt'));
    write(result({ files: ['notes.txt', 'plots/loss.txt', 'plots/newest.txt'] }));
    const taken = await read();
    writeFileSync(join(output, 'notes.txt'), 'changed');
    expect(taken.files.map((file) => readFileSync(file.path, 'utf8'))).toEqual(['notes', 'loss', 'loss']);
    expect(taken.modelPath.startsWith(kept)).toBe(true);
    expect(taken.modelBytes).toBe(readFileSync(MODEL).length);
  });

  it('keeps no secret that its trainer wrote into the result', async () => {
    write({ ...(result() as object), environment: { TOKEN: CANARY, nested: [{ url: `x://${CANARY}@y` }] } });
    expect((await read()).result.environment).toEqual({
      TOKEN: '[masked]',
      nested: [{ url: 'x://[masked]@y' }],
    });
  });

  it.each([
    '/etc/passwd',
    '../secret.txt',
    'a/../../secret.txt',
    '..',
    '.',
    '',
    'a\\..\\..\\secret.txt',
    'notes.txt\0.png',
    'notes.txt/',
    'no-such-file',
    '%2e%2e/secret.txt',
    `${'a/'.repeat(3000)}b`,
  ])('is refused when its path is %j, as model and as file', async (path) => {
    write(result({ files: [path] }));
    await refusal();
    rmSync(kept, { recursive: true, force: true });
    write(result({ model: path }));
    await refusal();
  });

  it.each([
    ['a link to a file of the system', (at: string) => symlinkSync('/etc/passwd', at), 'leads out'],
    ['a link to a neighbour', (at: string) => symlinkSync('../secret.txt', at), 'leads out'],
    ['a link to the memory of the worker', (at: string) => symlinkSync('/proc/self/mem', at), 'leads out'],
    [
      "a link to the worker's environment",
      (at: string) => symlinkSync('/proc/self/environ', at),
      'leads out',
    ],
    ['a hard link', (at: string) => linkSync(secret, at), 'hard link'],
    ['a FIFO, without waiting for it', (at: string) => execFileSync('mkfifo', [at]), 'is not a file'],
    ['a link to a device', (at: string) => symlinkSync('/dev/zero', at), 'leads out'],
    ['a folder', (at: string) => mkdirSync(at), 'is not a file'],
    ['a link to itself', (at: string) => symlinkSync('trap', at), 'does not exist'],
    ['an empty file', (at: string) => writeFileSync(at, ''), 'is empty'],
    [
      'a huge file',
      (at: string) => {
        writeFileSync(at, 'x');
        truncateSync(at, 2 ** 31 + 1);
      },
      'at most',
    ],
  ])('is refused when it is %s', async (_, make, reason) => {
    make(join(output, 'trap'));
    write(result({ files: ['trap'] }));
    expect(await refusal()).toContain(reason);
    rmSync(kept, { recursive: true });
    write(result({ model: 'trap' }));
    expect(await refusal()).toContain(reason);
  });

  it('is refused behind a folder that is a link, and when it is a socket', async () => {
    symlinkSync(root, join(output, 'way-out'));
    write(result({ files: ['way-out/secret.txt'] }));
    expect(await refusal()).toContain('leads out');
    const server = createServer().listen(join(output, 'socket'));
    await new Promise((done) => server.once('listening', done));
    rmSync(kept, { recursive: true });
    write(result({ files: ['socket'] }));
    expect(await refusal()).toContain('is not a file');
    server.close();
  });

  it.each([
    ['a link to a file that is no JSON', () => symlinkSync('/etc/passwd', join(output, 'result.json'))],
    ['a link to a secret', () => symlinkSync(secret, join(output, 'result.json'))],
    ['a hard link to a secret', () => linkSync(secret, join(output, 'result.json'))],
    ['a FIFO', () => execFileSync('mkfifo', [join(output, 'result.json')])],
    ['a folder', () => mkdirSync(join(output, 'result.json'))],
    ['a file of 5 MiB', () => writeFileSync(join(output, 'result.json'), ' '.repeat(5 * 2 ** 20))],
    ['nested beyond the stack', () => writeFileSync(join(output, 'result.json'), '['.repeat(2_000_000))],
    ['an object with a prototype', () => writeFileSync(join(output, 'result.json'), '{"__proto__":{"a":1}}')],
  ])('is refused when result.json is %s', async (_, make) => {
    make();
    await refusal();
  });

  it('is bounded while it is read: a file that has grown since it was looked at is not taken', async () => {
    writeFileSync(join(output, 'big'), 'x'.repeat(100));
    expect(await takeFile(output, 'big', join(root, 'taken'), 99)).toContain('at most 99');
    expect(await takeFile(output, 'big', join(root, 'taken'), 100)).toEqual({ sizeBytes: 100 });
  });
});

/** A model whose weights are the bytes of another file. */
const EXTERNAL_MODEL = `
import sys
from onnx import TensorProto, helper
location, path = sys.argv[1:]
weights = TensorProto(name="W", data_type=TensorProto.INT8, dims=[1], data_location=TensorProto.EXTERNAL)
for key, value in (("location", location), ("offset", "0"), ("length", "1")):
    weights.external_data.add(key=key, value=value)
given = helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 3])
said = helper.make_tensor_value_info("score", TensorProto.FLOAT, [None])
nodes = [helper.make_node("Cast", ["W"], ["w"], to=TensorProto.FLOAT),
         helper.make_node("ReduceSum", ["features", "one"], ["sum"], keepdims=0),
         helper.make_node("Add", ["sum", "w"], ["score"])]
one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
graph = helper.make_graph(nodes, "g", [given], [said], [weights, one])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
open(path, "wb").write(model.SerializeToString())
`;

describe('a model that takes its weights from another file', () => {
  it.each(['/etc/passwd', '../../secret.txt', 'notes.txt', 'link', '../files/0'])(
    'is refused, so that no gateway answers with the bytes of %s',
    async (location) => {
      symlinkSync(secret, join(output, 'link'));
      const path = join(output, 'model.onnx');
      execFileSync(join(venvBin(), 'python'), ['-c', EXTERNAL_MODEL, location, path]);
      write(result());
      expect(await refusal()).toContain('cannot be loaded');
    },
  );
});

describe('what lies in a folder that is packed', () => {
  const put = () => Promise.reject(new Error('nothing may be stored'));
  const store = { putFile: put, putJson: put, readBytes: put, fetchFile: put };
  it.each([
    ['a link', (at: string) => symlinkSync('/etc/passwd', at)],
    ['a link to a folder', (at: string) => symlinkSync('/etc', at)],
    ['a FIFO', (at: string) => execFileSync('mkfifo', [at])],
    ['a name with a backslash', (at: string) => writeFileSync(`${at}\\..\\x`, 'x')],
  ])('is refused when it is %s', async (_, make) => {
    const folder = join(root, 'folder');
    mkdirSync(folder);
    make(join(folder, 'trap'));
    await expect(packBundle(store, folder)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  });

  it('is no checkpoint when it is a link to a folder', async () => {
    const folder = join(root, 'checkpoints');
    mkdirSync(folder);
    mkdirSync(join(root, 'elsewhere'));
    writeFileSync(join(root, 'elsewhere', 'COMPLETE'), '');
    symlinkSync(join(root, 'elsewhere'), join(folder, 'step-1'));
    expect(await newestCheckpoint(folder)).toBeNull();
  });
});

it('leaves nothing outside of the folder that it keeps', async () => {
  write(result({ files: ['../secret.txt'] }));
  await refusal();
  expect(readdirSync(root).sort()).toEqual(['kept', 'output', 'secret.txt']);
  expect(existsSync(join(kept, 'files', '0'))).toBe(false);
});
