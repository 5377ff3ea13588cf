import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { holdsStorable } from '../contracts/storable-text.ts';
import { TrainerResult } from '../contracts/trainer.ts';
import type { Signature } from '../contracts/trainer.ts';
import { PerennialError, isPerennialError } from '../errors/define-error.ts';
import type { Problem } from '../errors/define-error.ts';
import { TRAINER_RESULT_INVALID } from '../errors/training-errors.ts';
import { OnnxPredictor } from '../serving/onnx-predictor.ts';
import { parseTrainerJson } from './parse-trainer-json.ts';
import { takeFile } from './take-file.ts';

const RESULT_FILE = 'result.json';
const MAX_RESULT_BYTES = 4 * 2 ** 20;
const MAX_MODEL_BYTES = 2 * 2 ** 30;
const MAX_FILES = 200;
const PROBE_ROWS = 2;

/** What a trainer left, checked: every path is absolute, of a copy that the trainer can't reach. */
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
 * Reads and checks what a trainer left in its output folder: the result against its schema, every named file, and the
 * model by loading it and having it answer two rows. What is taken is copied into `keptDir` first. The model lies there
 * alone, so that one which wants weights from files beside it can't be loaded.
 * @param features The frame's features, which the model must take in that order.
 * @param mask Takes secrets out of the result, which becomes part of the run's record and of the card.
 * @throws PerennialError TRAINER_RESULT_INVALID with every problem found.
 */
export async function readTrainerOutput(
  outputDir: string,
  keptDir: string,
  features: readonly string[],
  mask: (text: string) => string,
): Promise<TrainerOutput> {
  const [modelDir, filesDir] = [join(keptDir, 'model'), join(keptDir, 'files')];
  for (const folder of [modelDir, filesDir]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const result = await readResult(outputDir, join(keptDir, RESULT_FILE), mask);
  const problems: Problem[] = [];
  const modelPath = join(modelDir, 'model.onnx');
  const model = await takeFile(outputDir, result.model.path, modelPath, MAX_MODEL_BYTES);
  if (typeof model === 'string') problems.push({ path: 'model.path', message: model });
  if (result.files.length > MAX_FILES)
    problems.push({
      path: 'files',
      message: `names ${result.files.length} files; up to ${MAX_FILES} are kept`,
    });
  const files: { path: string; name: string; description: string }[] = [];
  for (const [i, { path, description }] of result.files.slice(0, MAX_FILES).entries()) {
    const kept = join(filesDir, String(i));
    const file = await takeFile(outputDir, path, kept, MAX_MODEL_BYTES);
    if (typeof file === 'string') problems.push({ path: `files[${i}].path`, message: file });
    else files.push({ path: kept, name: path, description });
  }
  problems.push(...featureProblems(result.model.signature, features));
  if (typeof model !== 'string') problems.push(...(await modelProblems(modelPath, result.model.signature)));
  if (problems.length > 0 || typeof model === 'string') throw invalid(problems);
  return { result, modelPath, modelBytes: model.sizeBytes, files };
}

async function readResult(
  outputDir: string,
  kept: string,
  mask: (text: string) => string,
): Promise<TrainerResult> {
  const taken = await takeFile(outputDir, RESULT_FILE, kept, MAX_RESULT_BYTES);
  if (typeof taken === 'string')
    throw invalid([
      { path: RESULT_FILE, message: `${taken}; it is due in outputDir before exit 0, as a plain file` },
    ]);
  let json: unknown;
  try {
    json = parseTrainerJson(mask(await readFile(kept, 'utf8')));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid([{ path: RESULT_FILE, message: `is not JSON: ${reason}` }]);
  }
  if (!holdsStorable(json)) {
    const message = 'holds a NUL character or half of a surrogate pair in a text';
    throw invalid([{ path: RESULT_FILE, message }]);
  }
  const parsed = TrainerResult.safeParse(json);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })));
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
