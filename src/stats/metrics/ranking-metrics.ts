import type { Concentration } from './concentration.ts';
import { concentration } from './concentration.ts';
import { quotient } from './usable-rows.ts';

/** One user's or one query's list. */
export interface RankingGroup {
  /** Items as shown, best first. A repeated item counts once, at its first place. */
  readonly ranked: readonly string[];
  /** Item → grade; a grade > 0 is relevant. */
  readonly relevant: ReadonlyMap<string, number>;
  /** How much the list counts in the means of quality; default 1. Diversity and coverage count lists. */
  readonly weight?: number;
}

export interface RankingOptions {
  /** Items that could have been recommended; default: how many distinct items the lists and grades name. */
  readonly catalogueSize?: number;
  /**
   * A group without any relevant item counts as 0 (`zero`, as ranx does; default) or not at all (`skip`, for logs in
   * which most impressions get no click).
   */
  readonly withoutRelevant?: 'zero' | 'skip';
}

/** Means over the groups; null without groups. */
export interface RankingMetrics {
  readonly groups: number;
  readonly groupsWithoutRelevant: number;
  /** Linear gain: DCG = Σ grade / log2(rank + 1), divided by the DCG of the ideal order. */
  readonly ndcg: number | null;
  /** Exponential gain 2^grade − 1 (Burges et al. 2005). */
  readonly ndcgExponential: number | null;
  /** Average precision at k divided by the number of relevant items (ranx). */
  readonly map: number | null;
  /** … divided by min(k, relevant items). */
  readonly mapAtMostK: number | null;
  readonly mrr: number | null;
  readonly hitRate: number | null;
  /** Relevant among the first k, divided by k even when the list is shorter. */
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly rPrecision: number | null;
  /** Rank-biased precision over the whole list, persistence 0.95 (Moffat & Zobel 2008); grades as gains, as in ranx. */
  readonly rbp: number | null;
  /** Share of the catalogue that occurs in some first-k list. */
  readonly coverage: number | null;
  /** How evenly first-k places spread over the catalogue. */
  readonly concentration: Concentration;
  /** Share of groups whose first k holds the most recommended item; 1 when everybody gets it. */
  readonly topItemShare: number | null;
  /** Share of groups whose first place is the item that most often comes first. */
  readonly topFirstShare: number | null;
  /** Share of distinct first-k lists (in order). */
  readonly distinctLists: number | null;
  /** 1 − mean overlap |A ∩ B| / √(|A||B|) of two groups' first-k lists; 0 when all get the same, null below two. */
  readonly diversity: number | null;
}

const RBP_PERSISTENCE = 0.95;

/** Quality and diversity of ranked lists cut at k ≥ 1. */
export function rankingMetrics(
  groups: readonly RankingGroup[],
  k: number,
  options: RankingOptions = {},
): RankingMetrics {
  if (!Number.isInteger(k) || k < 1)
    throw new RangeError(`k must be a whole number of at least 1; got ${k}.`);
  const lists = groups.map((g) => [...new Set(g.ranked)]);
  const scored = groups
    .map((g, i) => ({ ...scoreGroup(lists[i]!, g.relevant, k), weight: weightOf(g) }))
    .filter((s) => options.withoutRelevant !== 'skip' || s.relevant > 0);
  const total = scored.reduce((sum, s) => sum + s.weight, 0);
  const mean = (of: (s: GroupScore) => number): number | null =>
    quotient(
      scored.reduce((sum, s) => sum + s.weight * of(s), 0),
      total,
    );
  const heads = lists.map((list) => list.slice(0, k));
  const counts = new Map<string, number>();
  for (const head of heads) for (const item of head) counts.set(item, (counts.get(item) ?? 0) + 1);
  const catalogue = options.catalogueSize ?? countItems(groups);
  const firsts = new Map<string, number>();
  for (const [first] of heads) if (first !== undefined) firsts.set(first, (firsts.get(first) ?? 0) + 1);
  return {
    groups: groups.length,
    groupsWithoutRelevant: groups.filter((g) => countRelevant(g.relevant) === 0).length,
    ndcg: mean((s) => s.ndcg),
    ndcgExponential: mean((s) => s.ndcgExponential),
    map: mean((s) => s.precisionSum / Math.max(1, s.relevant)),
    mapAtMostK: mean((s) => s.precisionSum / Math.max(1, Math.min(k, s.relevant))),
    mrr: mean((s) => s.reciprocalRank),
    hitRate: mean((s) => (s.hits > 0 ? 1 : 0)),
    precision: mean((s) => s.hits / k),
    recall: mean((s) => s.hits / Math.max(1, s.relevant)),
    f1: mean((s) => (s.hits === 0 ? 0 : (2 * s.hits) / (k + s.relevant))),
    rPrecision: mean((s) => s.rPrecision),
    rbp: mean((s) => s.rbp),
    coverage: quotient(counts.size, catalogue),
    concentration: concentration(counts, catalogue),
    topItemShare: quotient(largest(counts), heads.length),
    topFirstShare: quotient(largest(firsts), heads.length),
    distinctLists: quotient(new Set(heads.map((head) => JSON.stringify(head))).size, heads.length),
    diversity: meanDissimilarity(heads),
  };
}

interface GroupScore {
  readonly relevant: number;
  readonly hits: number;
  readonly precisionSum: number;
  readonly reciprocalRank: number;
  readonly ndcg: number;
  readonly ndcgExponential: number;
  readonly rPrecision: number;
  readonly rbp: number;
}

function scoreGroup(ranked: readonly string[], grades: ReadonlyMap<string, number>, k: number): GroupScore {
  const relevant = countRelevant(grades);
  const gain = (item: string): number => Math.max(0, grades.get(item) ?? 0);
  let hits = 0;
  let precisionSum = 0;
  let reciprocalRank = 0;
  ranked.slice(0, k).forEach((item, i) => {
    if (gain(item) === 0) return;
    hits++;
    precisionSum += hits / (i + 1);
    if (reciprocalRank === 0) reciprocalRank = 1 / (i + 1);
  });
  const ideal = [...grades.values()].map((g) => Math.max(0, g)).sort((a, b) => b - a);
  const found = ranked.map(gain);
  const linear = (g: number): number => g;
  const exponential = (g: number): number => 2 ** g - 1;
  const first = ranked.slice(0, relevant).filter((item) => gain(item) > 0).length;
  return {
    relevant,
    hits,
    precisionSum,
    reciprocalRank,
    ndcg: quotient(dcg(found, k, linear), dcg(ideal, k, linear)) ?? 0,
    ndcgExponential: quotient(dcg(found, k, exponential), dcg(ideal, k, exponential)) ?? 0,
    rPrecision: quotient(first, relevant) ?? 0,
    rbp: (1 - RBP_PERSISTENCE) * found.reduce((sum, g, i) => sum + g * RBP_PERSISTENCE ** i, 0),
  };
}

/** As for rows: a weight that is negative or not finite does not count. */
function weightOf({ weight = 1 }: RankingGroup): number {
  return Number.isFinite(weight) && weight >= 0 ? weight : 0;
}

function dcg(grades: readonly number[], k: number, gain: (grade: number) => number): number {
  let sum = 0;
  for (let i = 0; i < Math.min(k, grades.length); i++) sum += gain(grades[i]!) / Math.log2(i + 2);
  return sum;
}

function largest(counts: ReadonlyMap<string, number>): number {
  let most = 0;
  for (const count of counts.values()) most = Math.max(most, count);
  return most;
}

function countRelevant(grades: ReadonlyMap<string, number>): number {
  let count = 0;
  for (const grade of grades.values()) if (grade > 0) count++;
  return count;
}

function countItems(groups: readonly RankingGroup[]): number {
  const items = new Set<string>();
  for (const g of groups) {
    for (const item of g.ranked) items.add(item);
    for (const item of g.relevant.keys()) items.add(item);
  }
  return items.size;
}

/**
 * The cosine of two lists as sets is |A∩B|/√(|A||B|); the mean over all pairs follows from the norm of the sum of
 * the unit vectors, so that a million users need one pass over their lists rather than all pairs.
 */
function meanDissimilarity(heads: readonly (readonly string[])[]): number | null {
  const used = heads.filter((head) => head.length > 0);
  if (used.length < 2) return null;
  const sums = new Map<string, number>();
  for (const head of used) {
    const unit = 1 / Math.sqrt(head.length);
    for (const item of head) sums.set(item, (sums.get(item) ?? 0) + unit);
  }
  let norm = 0;
  for (const s of sums.values()) norm += s * s;
  const overlap = (norm - used.length) / (used.length * (used.length - 1));
  return Math.min(1, Math.max(0, 1 - overlap));
}
