import type { EvaluateReport } from '../../contracts/evaluate-report.ts';
import { clarifyBias, groupFairness } from '../../stats/index.ts';
import type { SliceCodes } from '../../stats/index.ts';
import type { Predictions } from './read-predictions.ts';

/** Clarify looks at one group after the other; beyond these the table says nothing any more. */
const MAX_FACETS = 20;

/** Group fairness of decisions, as fairlearn names it, and Clarify's measures with each group as the facet d. */
export function predictionBias(
  data: Predictions,
  decisions: ArrayLike<number>,
): NonNullable<EvaluateReport['bias']> | null {
  const { sensitive, strata, label, weight } = data;
  if (sensitive === null) return null;
  const groups = groupsOf(sensitive);
  const conditions = strata === null ? {} : { strata: groupsOf(strata) };
  const weights = weight === null ? {} : { weights: weight };
  const { byGroup, overall: _, ...fairness } = groupFairness(label, decisions, groups, weights);
  const facets = Object.entries(byGroup)
    .sort(([, a], [, b]) => b.count - a.count)
    .slice(0, MAX_FACETS);
  return {
    column: sensitive.key,
    fairness,
    groups: Object.fromEntries(Object.entries(byGroup).map(([name, rates]) => [name, { ...rates }])),
    clarify: Object.fromEntries(
      facets.map(([name]) => {
        const inFacet = groups.map((group) => group === name);
        return [
          name,
          { ...clarifyBias({ labels: label, predictions: decisions, inFacet, ...conditions, ...weights }) },
        ];
      }),
    ),
  };
}

/** Each row's group. Of one column the value alone says which it is. */
function groupsOf({ key, names, codes }: SliceCodes): string[] {
  const values = names.map((name) => (name.startsWith(`${key}=`) ? name.slice(key.length + 1) : name));
  return Array.from(codes, (code) => values[code] ?? OTHER);
}

/** Beyond the largest thousand groups. */
const OTHER = '(other)';
