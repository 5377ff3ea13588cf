import { readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { TrainerResult } from '../contracts/trainer.ts';
import type { Signature } from '../contracts/trainer.ts';
import { PerennialError, isPerennialError } from '../errors/define-error.ts';
import type { Problem } from '../errors/define-error.ts';
import { TRAINER_RESULT_INVALID } from '../errors/training-errors.ts';
import { OnnxPredictor } from '../serving/onnx-predictor.ts';

const RESULT_FILE = 'result.json';
const MAX_RESULT_BYTES = 4 * 2 ** 20;
const MAX_MODEL_BYTES = 2 * 2 ** 30;
const MAX_FILES = 200;
const PROBE_ROWS = 2;

/** What a trainer left, checked: every path is absolute, real and inside the output folder. */
export interface TrainerOutput {
  readonly result: TrainerResult;
  readonly modelPath: string;
  readonly modelBytes: number;
  readonly files: readonly { readonly path: string; readonly name: string; readonly description: string }[];
}

function invalid(problems: readonly Problem[]): PerennialError {
  const list = problems.map((problem) => `${problem.path ?? ''}: ${problem.message}`).join('; ');
  return new PerennialError(TRAINER_RESULT_INVALID, `the trainer's result is not usable: ${list}`, {
    problems,
  });
}

/**
 * Reads and checks what a trainer left in its output folder: the result against its schema, every named file
 * (no way out of the folder, through links neither), and the model by loading it and having it answer two rows.
 * @param features The frame's features, which the model must take in that order.
 * @throws PerennialError TRAINER_RESULT_INVALID with every problem found.
 */
export async function readTrainerOutput(
  outputDir: string,
  features: readonly string[],
): Promise<TrainerOutput> {
  const result = await readResult(join(outputDir, RESULT_FILE));
  const problems: Problem[] = [];
  const root = await realpath(outputDir);
  const model = await fileInside(root, result.model.path, MAX_MODEL_BYTES);
  if (typeof model === 'string') problems.push({ path: 'model.path', message: model });
  if (result.files.length > MAX_FILES)
    problems.push({
      path: 'files',
      message: `names ${result.files.length} files; up to ${MAX_FILES} are kept`,
    });
  const files: { path: string; name: string; description: string }[] = [];
  for (const [i, { path, description }] of result.files.slice(0, MAX_FILES).entries()) {
    const file = await fileInside(root, path, MAX_MODEL_BYTES);
    if (typeof file === 'string') problems.push({ path: `files[${i}].path`, message: file });
    else files.push({ path: file.path, name: path, description });
  }
  problems.push(...featureProblems(result.model.signature, features));
  if (typeof model !== 'string') problems.push(...(await modelProblems(model.path, result.model.signature)));
  if (problems.length > 0 || typeof model === 'string') throw invalid(problems);
  return { result, modelPath: model.path, modelBytes: model.sizeBytes, files };
}

async function readResult(path: string): Promise<TrainerResult> {
  const info = await stat(path).catch(() => null);
  if (!info?.isFile())
    throw invalid([{ path: RESULT_FILE, message: 'was not written; it is due in outputDir before exit 0' }]);
  if (info.size > MAX_RESULT_BYTES) throw invalid([{ path: RESULT_FILE, message: 'is over 4 MiB' }]);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid([{ path: RESULT_FILE, message: `is not JSON: ${reason}` }]);
  }
  const parsed = TrainerResult.safeParse(json);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })));
}

/** The real path of a file of the output folder, or what is wrong with it. */
async function fileInside(
  root: string,
  path: string,
  maxBytes: number,
): Promise<{ path: string; sizeBytes: number } | string> {
  const real = await realpath(join(root, path)).catch(() => null);
  if (real === null) return `${path} does not exist`;
  if (!real.startsWith(root + sep)) return `${path} leads out of outputDir`;
  const info = await stat(real);
  if (!info.isFile()) return `${path} is not a file`;
  if (info.size === 0) return `${path} is empty`;
  if (info.size > maxBytes) return `${path} has ${info.size} bytes; at most ${maxBytes} are taken`;
  return { path: real, sizeBytes: info.size };
}

/** The model's inputs side by side must be the frame's features: a changed order would score silently wrong. */
function featureProblems(signature: Signature, features: readonly string[]): Problem[] {
  const named = signature.inputs.filter((input) => input.features !== undefined);
  if (named.length === signature.inputs.length) {
    const taken = signature.inputs.flatMap((input) => input.features ?? []);
    if (taken.length === features.length && taken.every((name, i) => name === features[i])) return [];
    return [
      {
        path: 'model.signature.inputs',
        message: `takes the features ${taken.join(', ')}; the frame has ${features.join(', ')}, in this order`,
      },
    ];
  }
  const width = signature.inputs.reduce(
    (sum, input) => sum + input.shape.slice(1).reduce((size, dimension) => size * dimension, 1),
    0,
  );
  if (width === features.length) return [];
  return [
    {
      path: 'model.signature.inputs',
      message: `takes ${width} values a row; the frame has ${features.length} features`,
    },
  ];
}

async function modelProblems(path: string, signature: Signature): Promise<Problem[]> {
  let predictor: OnnxPredictor | undefined;
  try {
    predictor = await OnnxPredictor.load(path, signature);
    const answer = await predictor.predict(new Float32Array(PROBE_ROWS * predictor.featureCount));
    return Object.entries(answer)
      .filter(([, values]) => values.length === 0 || values.length % PROBE_ROWS !== 0)
      .map(([name, values]) => ({
        path: `model.signature.outputs.${name}`,
        message: `answers ${values.length} values for ${PROBE_ROWS} rows`,
      }));
  } catch (error) {
    if (!isPerennialError(error)) throw error;
    return error.problems.length > 0
      ? error.problems.map((problem) => ({
          path: `model.signature.${problem.path ?? ''}`,
          message: problem.message,
        }))
      : [{ path: 'model', message: error.message }];
  } finally {
    await predictor?.release();
  }
}
