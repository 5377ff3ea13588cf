import { resolveKeys, viewsOfFeatures } from '../domain/key-resolution.ts';
import type { ViewJoin } from '../domain/key-resolution.ts';
import { PerennialError } from '../errors/define-error.ts';
import { RANK_NOT_CONFIGURED } from '../errors/serving-errors.ts';
import type { ServableVersion } from '../registry/servable-versions.ts';

export interface PlannedJoin extends ViewJoin {
  /** Of the view, as the version was trained with it. */
  readonly definition?: string;
  /** Whether its key differs between candidates; otherwise one look-up serves them all. */
  readonly perCandidate: boolean;
  /** Milliseconds after which its values count as missing; null: never. */
  readonly ttlMs: number | null;
}

/** How the features of one version are looked up: made once, when the version is loaded. */
export interface FeaturePlan {
  readonly entityKeys: readonly string[];
  readonly candidateKeys: readonly string[];
  readonly defaultK: number;
  /** Joins of one level need no other's values: each level is one round trip. */
  readonly levels: readonly (readonly PlannedJoin[])[];
  /** The model's features, in its order. */
  readonly features: readonly { readonly view: string; readonly column: string }[];
}

/**
 * @throws PerennialError RANK_NOT_CONFIGURED when the spec has no `serving.rank`, or its keys reach not all views
 */
export function planFeatures(version: ServableVersion): FeaturePlan {
  const { rank, views, features } = version;
  if (rank === null) {
    const text = `Version ${version.version} of ${version.model} does not rank: its spec has no serving.rank. Use infer.`;
    throw new PerennialError(RANK_NOT_CONFIGURED, text);
  }
  const resolution = resolveKeys(views, viewsOfFeatures(features), [...rank.entity, ...rank.candidate]);
  if (resolution.kind === 'unresolved') {
    const text = `Version ${version.version} of ${version.model} cannot rank: ${resolution.reason}`;
    throw new PerennialError(RANK_NOT_CONFIGURED, text);
  }
  const candidateKeys = new Set(rank.candidate);
  const levelOf = new Map<string, number>();
  const perCandidate = new Set<string>();
  const levels: PlannedJoin[][] = [];
  for (const join of resolution.joins) {
    let level = 0;
    for (const { key, origin } of join.keys) {
      if (origin.from === 'given' ? candidateKeys.has(key) : perCandidate.has(origin.view))
        perCandidate.add(join.view);
      if (origin.from === 'view') level = Math.max(level, (levelOf.get(origin.view) ?? 0) + 1);
    }
    levelOf.set(join.view, level);
    const { definition, ttl } = views[join.view] ?? {};
    (levels[level] ??= []).push({
      ...join,
      ...(definition === undefined ? {} : { definition }),
      perCandidate: perCandidate.has(join.view),
      ttlMs: ttl ?? null,
    });
  }
  return {
    entityKeys: rank.entity,
    candidateKeys: rank.candidate,
    defaultK: rank.defaultK,
    levels,
    features: inModelOrder(version).map((feature) => {
      const dot = feature.indexOf('.');
      return { view: feature.slice(0, dot), column: feature.slice(dot + 1) };
    }),
  };
}

/** A signature that names the same features in another order is obeyed; else the spec's order is the model's. */
function inModelOrder(version: ServableVersion): readonly string[] {
  const named = version.signature.inputs.flatMap((input) => input.features ?? []);
  const known = new Set(version.features);
  const same =
    named.length === known.size && new Set(named).size === named.length && named.every((n) => known.has(n));
  return same ? named : version.features;
}
