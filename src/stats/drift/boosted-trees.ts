import { binOf, quantileBinsOfSorted, finiteSorted } from './quantile-bins.ts';

const BINS = 16;
const ROUNDS = 40;
const LEARNING_RATE = 0.2;
/** L2 penalty on the leaves and least weight of a leaf, which keep noise from being learned. */
const PENALTY = 5;
const MIN_HESSIAN = 2;

type Row = readonly (number | null)[];
interface Split {
  readonly feature: number;
  /** Bins up to here go left. */
  readonly bin: number;
}
interface Tree {
  readonly root: Split;
  readonly below: readonly [Split | null, Split | null];
  readonly leaves: readonly [number, number, number, number];
}

/**
 * Gradient-boosted trees of depth 2 on the logistic loss (Friedman 2001; leaf values as in XGBoost), features cut at
 * 15 quantiles, missing values below them. Deterministic. Returns the score (log-odds) of a row.
 */
export function trainBoostedTrees(rows: readonly Row[], labels: readonly (0 | 1)[]): (row: Row) => number {
  const features = rows[0]?.length ?? 0;
  const edges = Array.from({ length: features }, (_, f) =>
    quantileBinsOfSorted(finiteSorted(rows.map((row) => row[f] ?? null)), BINS),
  );
  const encode = (row: Row): Uint8Array => Uint8Array.from(edges, (e, f) => binned(row[f] ?? null, e));
  const encoded = rows.map(encode);
  const positives = labels.reduce<number>((a, b) => a + b, 0);
  const start = Math.log((positives + 1) / (labels.length - positives + 1));
  const scores = new Float64Array(rows.length).fill(start);
  const trees: Tree[] = [];
  const gradient = new Float64Array(rows.length);
  const hessian = new Float64Array(rows.length);
  const everyRow = Uint32Array.from({ length: rows.length }, (_, i) => i);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < rows.length; i++) {
      const p = 1 / (1 + Math.exp(-scores[i]!));
      gradient[i] = labels[i]! - p;
      hessian[i] = p * (1 - p);
    }
    const tree = growTree(encoded, everyRow, gradient, hessian, features);
    if (tree === null) break;
    trees.push(tree);
    for (let i = 0; i < rows.length; i++) scores[i] = scores[i]! + leafValue(tree, encoded[i]!);
  }
  return (row) => {
    const bins = encode(row);
    return trees.reduce((sum, tree) => sum + leafValue(tree, bins), start);
  };
}

function binned(value: number | null, edges: readonly number[]): number {
  if (value === null || Number.isNaN(value)) return 0;
  return 1 + binOf(value, edges);
}

function growTree(
  rows: readonly Uint8Array[],
  members: Uint32Array,
  gradient: Float64Array,
  hessian: Float64Array,
  features: number,
): Tree | null {
  const root = bestSplit(rows, members, gradient, hessian, features);
  if (root === null) return null;
  const sides = partition(rows, members, root);
  const below = sides.map((side) => bestSplit(rows, side, gradient, hessian, features));
  const leaves = sides.flatMap((side, s) => {
    const split = below[s] ?? null;
    const parts = split === null ? [side, side] : partition(rows, side, split);
    return parts.map((part) => newtonStep(part, gradient, hessian));
  });
  return {
    root,
    below: [below[0] ?? null, below[1] ?? null],
    leaves: [leaves[0]!, leaves[1]!, leaves[2]!, leaves[3]!],
  };
}

function leafValue(tree: Tree, row: Uint8Array): number {
  const side = row[tree.root.feature]! <= tree.root.bin ? 0 : 1;
  const split = tree.below[side];
  const leaf = split === null || row[split.feature]! <= split.bin ? 0 : 1;
  return tree.leaves[(2 * side + leaf) as 0 | 1 | 2 | 3];
}

function partition(
  rows: readonly Uint8Array[],
  members: Uint32Array,
  split: Split,
): [Uint32Array, Uint32Array] {
  const goesLeft = (i: number): boolean => rows[i]![split.feature]! <= split.bin;
  return [members.filter(goesLeft), members.filter((i) => !goesLeft(i))];
}

function newtonStep(members: Uint32Array, gradient: Float64Array, hessian: Float64Array): number {
  let g = 0;
  let h = 0;
  for (const i of members) {
    g += gradient[i]!;
    h += hessian[i]!;
  }
  return (LEARNING_RATE * g) / (h + PENALTY);
}

function bestSplit(
  rows: readonly Uint8Array[],
  members: Uint32Array,
  gradient: Float64Array,
  hessian: Float64Array,
  features: number,
): Split | null {
  let best: Split | null = null;
  let bestGain = 0;
  const g = new Float64Array(BINS + 1);
  const h = new Float64Array(BINS + 1);
  for (let feature = 0; feature < features; feature++) {
    g.fill(0);
    h.fill(0);
    for (const i of members) {
      const bin = rows[i]![feature]!;
      g[bin] = g[bin]! + gradient[i]!;
      h[bin] = h[bin]! + hessian[i]!;
    }
    const totalG = g.reduce((a, b) => a + b, 0);
    const totalH = h.reduce((a, b) => a + b, 0);
    let leftG = 0;
    let leftH = 0;
    for (let bin = 0; bin < BINS; bin++) {
      leftG += g[bin]!;
      leftH += h[bin]!;
      if (leftH < MIN_HESSIAN || totalH - leftH < MIN_HESSIAN) continue;
      const gain =
        leftG ** 2 / (leftH + PENALTY) +
        (totalG - leftG) ** 2 / (totalH - leftH + PENALTY) -
        totalG ** 2 / (totalH + PENALTY);
      if (gain > bestGain) {
        bestGain = gain;
        best = { feature, bin };
      }
    }
  }
  return best;
}
