import type { ColumnDriftVerdict } from '../../stats/index.ts';
import { insufficient, judged, percent } from './judgement.ts';
import type { Judgement } from './judgement.ts';

export interface FeatureDrift {
  readonly feature: string;
  readonly verdict: ColumnDriftVerdict;
}

const NAMED = 3;

/** A changed distribution, or a changed share of missing values: either way the model sees another world. */
function drifted(verdict: ColumnDriftVerdict): boolean {
  return verdict.kind === 'drifted' || verdict.missing.drifted;
}

/** Breaches when at least `share` of the features that could be judged drifted. */
export function judgeFeatureDrift(
  features: readonly FeatureDrift[],
  share: number,
  reference: string,
): Judgement {
  const able = features.filter(
    ({ verdict }) => verdict.kind !== 'insufficient_data' || verdict.missing.drifted,
  );
  if (able.length === 0)
    return insufficient(features[0]?.verdict.reason ?? 'the model has no features to look at', share);
  const moved = able
    .filter(({ verdict }) => drifted(verdict))
    .sort((a, b) => excess(b.verdict) - excess(a.verdict));
  const value = moved.length / able.length;
  const named = moved.slice(0, NAMED).map(({ feature, verdict }) => `${feature} (${explain(verdict)})`);
  const more = moved.length > NAMED ? ` and ${moved.length - NAMED} more` : '';
  const list = named.length === 0 ? '' : `: ${named.join('; ')}${more}`;
  return judged(
    moved.length > 0 && value >= share,
    value,
    share,
    `${moved.length} of ${able.length} features drifted against ${reference} (limit ${percent(share)})${list}`,
  );
}

export function judgePredictionDrift(verdict: ColumnDriftVerdict, reference: string): Judgement {
  if (verdict.kind === 'insufficient_data') return insufficient(verdict.reason);
  return judged(
    verdict.kind === 'drifted',
    verdict.value,
    verdict.threshold,
    `scores against ${reference}: ${verdict.reason}`,
  );
}

function excess(verdict: ColumnDriftVerdict): number {
  return verdict.kind === 'insufficient_data' ? 0 : verdict.value / verdict.threshold;
}

function explain(verdict: ColumnDriftVerdict): string {
  if (verdict.kind !== 'drifted')
    return `missing in ${percent(verdict.missing.current ?? 0)}, before in ${percent(verdict.missing.reference ?? 0)}`;
  return `${verdict.method} ${Number(verdict.value.toPrecision(3))}`;
}
