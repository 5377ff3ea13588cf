import type { Signature, TensorSpec } from '../../contracts/trainer.ts';

type SignatureChange = 'identical' | 'compatible' | 'widening' | 'breaking';

export interface SignatureDiff {
  readonly kind: SignatureChange;
  /** One line per difference. */
  readonly changes: readonly { readonly kind: SignatureChange; readonly text: string }[];
}

const WIDER: Readonly<Record<TensorSpec['type'], readonly TensorSpec['type'][]>> = {
  bool: [],
  int32: ['int64'],
  int64: [],
  float32: ['float64'],
  float64: [],
  string: [],
};
const SEVERITY: readonly SignatureChange[] = ['identical', 'compatible', 'widening', 'breaking'];

/**
 * What a new signature means to those who call the model with tensors: `compatible` adds outputs only, `widening`
 * takes more than before, `breaking` refuses what was taken or no longer answers what was answered.
 */
export function compareSignatures(before: Signature, after: Signature): SignatureDiff {
  const changes = [
    ...compareSide('input', before.inputs, after.inputs),
    ...compareSide('output', before.outputs, after.outputs),
  ];
  const worst = Math.max(0, ...changes.map((change) => SEVERITY.indexOf(change.kind)));
  return { kind: SEVERITY[worst] ?? 'breaking', changes };
}

function compareSide(
  side: 'input' | 'output',
  before: readonly TensorSpec[],
  after: readonly TensorSpec[],
): SignatureDiff['changes'] {
  const removed = before.filter((old) => !after.some((tensor) => tensor.name === old.name));
  const added = after.filter((tensor) => !before.some((old) => old.name === tensor.name));
  return [
    ...removed.map(({ name }) => ({ kind: 'breaking' as const, text: `${side} ${name} is gone` })),
    ...added.map(({ name }) => ({
      kind: side === 'input' ? ('breaking' as const) : ('compatible' as const),
      text: side === 'input' ? `input ${name} must now be sent` : `output ${name} is new`,
    })),
    ...before.flatMap((old) => {
      const tensor = after.find((one) => one.name === old.name);
      return tensor ? compareTensor(side, old, tensor) : [];
    }),
  ];
}

function compareTensor(side: 'input' | 'output', old: TensorSpec, now: TensorSpec): SignatureDiff['changes'] {
  const name = `${side} ${old.name}`;
  const changes: { kind: SignatureChange; text: string }[] = [];
  if (old.type !== now.type) {
    const widens = side === 'input' && WIDER[old.type].includes(now.type);
    changes.push({ kind: widens ? 'widening' : 'breaking', text: `${name} was ${old.type}, is ${now.type}` });
  }
  if (old.shape.join() !== now.shape.join()) {
    const freer =
      old.shape.length === now.shape.length &&
      now.shape.every((dimension, i) => dimension === old.shape[i] || dimension === -1);
    changes.push({
      kind: side === 'input' && freer ? 'widening' : 'breaking',
      text: `${name} was of shape [${old.shape.join(',')}], is of [${now.shape.join(',')}]`,
    });
  }
  const [before, after] = [old.features ?? [], now.features ?? []];
  if (before.join('\n') !== after.join('\n') && before.length > 0)
    changes.push({
      kind: 'breaking',
      text: `${name} took ${before.join(', ')}; it takes ${after.join(', ') || 'unnamed features'}`,
    });
  return changes;
}
