import type { InferenceSession } from 'onnxruntime-node';
import type { Signature, TensorSpec } from '../contracts/trainer.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { Problem } from '../errors/define-error.ts';
import { SIGNATURE_MISMATCH } from '../errors/serving-errors.ts';
import { describeTensor, sizeOf } from './tensor.ts';
import type { ModelTensor } from './tensor.ts';

type Metadata = InferenceSession.ValueMetadata;

function fileProblem(side: string, spec: TensorSpec, found: Metadata | undefined): Problem[] {
  const path = `${side}.${spec.name}`;
  if (found === undefined) return [{ path, message: `the file has no ${side.slice(0, -1)} of this name` }];
  if (!found.isTensor) return [{ path, message: 'in the file it is not a tensor' }];
  // An exporter may leave the shape out altogether; such a file fits every signature.
  const free = found.shape.length === 0;
  const fits =
    found.type === spec.type &&
    (free ||
      (found.shape.length === spec.shape.length &&
        spec.shape.every(
          (dimension, i) => typeof found.shape[i] !== 'number' || found.shape[i] === dimension,
        )));
  if (fits) return [];
  return [{ path, message: `the signature says ${describeTensor(spec)}, the file ${describeTensor(found)}` }];
}

/** What keeps a model file from being what its signature says. The file may have outputs that it leaves out. */
export function signatureProblems(
  signature: Signature,
  inputs: readonly Metadata[],
  outputs: readonly Metadata[],
): Problem[] {
  const byName = (list: readonly Metadata[], name: string) => list.find((one) => one.name === name);
  const unnamed = inputs
    .filter((input) => !signature.inputs.some((spec) => spec.name === input.name))
    .map((input) => ({
      path: `inputs.${input.name}`,
      message: 'the file needs it, the signature leaves it out',
    }));
  return [
    ...signature.inputs.flatMap((spec) => fileProblem('inputs', spec, byName(inputs, spec.name))),
    ...unnamed,
    ...signature.outputs.flatMap((spec) => fileProblem('outputs', spec, byName(outputs, spec.name))),
  ];
}

function tensorProblem(spec: TensorSpec, sent: ModelTensor | undefined): string | null {
  if (sent === undefined) return `is missing; ${describeTensor(spec)} is taken`;
  const taken = `${describeTensor(sent)} was sent, ${describeTensor(spec)} is taken`;
  if (sent.type !== spec.type || sent.shape.length !== spec.shape.length) return taken;
  if (!spec.shape.every((dimension, i) => dimension === -1 || dimension === sent.shape[i])) return taken;
  if (sizeOf(sent.shape) !== sent.data.length)
    return `the shape holds ${sizeOf(sent.shape)} values, ${sent.data.length} were sent`;
  return null;
}

/**
 * Refuses tensors that a model does not take.
 * @throws PerennialError SIGNATURE_MISMATCH with one problem for each input.
 */
export function checkTensors(inputs: readonly TensorSpec[], sent: readonly ModelTensor[]): void {
  const problems: Problem[] = [];
  for (const spec of inputs) {
    const message = tensorProblem(
      spec,
      sent.find((tensor) => tensor.name === spec.name),
    );
    if (message !== null) problems.push({ path: spec.name, message });
  }
  for (const tensor of sent) {
    if (!inputs.some((spec) => spec.name === tensor.name))
      problems.push({
        path: tensor.name,
        message: `is not an input of the model; it takes ${inputs.map((spec) => spec.name).join(', ')}`,
      });
  }
  const batches = new Set(
    inputs.flatMap((spec) => {
      const tensor = sent.find((one) => one.name === spec.name);
      return spec.shape[0] === -1 && tensor ? [tensor.shape[0]] : [];
    }),
  );
  if (batches.size > 1)
    problems.push({
      path: 'shape',
      message: `the inputs differ in their number of rows: ${[...batches].join(', ')}`,
    });
  if (problems.length > 0) throw mismatch('The tensors do not fit the model', problems);
}

/** A SIGNATURE_MISMATCH whose text lists its problems. */
export function mismatch(what: string, problems: readonly Problem[]): PerennialError {
  const list = problems.map((problem) => `${problem.path ?? ''}: ${problem.message}`).join('; ');
  return new PerennialError(SIGNATURE_MISMATCH, `${what}: ${list}`, { problems });
}
