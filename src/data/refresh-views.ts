import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { FeatureView } from '../contracts/spec/sources.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { isPerennialError } from '../errors/define-error.ts';
import type { DatasetRef } from '../registry/datasets.ts';
import type { Materialisation, OfflineValues } from '../registry/feature-materialisations.ts';
import type { SpecInUse } from '../registry/specs-in-use.ts';
import { definitionOf } from '../registry/view-definition.ts';
import { withDuckDb } from './duckdb.ts';
import type { DuckDbOptions, DuckDbSession } from './duckdb.ts';
import { isUpToDate, materialiseView } from './feature-view.ts';
import { onlineDifference } from './online-changes.ts';
import type { OnlineDifference } from './online-changes.ts';
import { attachSources } from './source-tables.ts';

interface RefreshParts {
  readonly store: ArtifactStore;
  readonly duckdb: DuckDbOptions;
  readonly datasets: readonly DatasetRef[];
  /** What is online, the newest first. */
  readonly online: readonly Materialisation[];
}

interface RefreshedViews {
  /** The values of each definition that could be computed, or was up to date, of `asked`. */
  readonly values: ReadonlyMap<string, OfflineValues>;
  readonly changed: readonly { readonly after: Materialisation; readonly difference: OnlineDifference }[];
  /** Places of definitions that no spec has. */
  readonly abandoned: readonly string[];
  /** Views of other specs that could not be computed: they stay as they were. */
  readonly frozen: readonly {
    readonly view: string;
    readonly specRevision: number;
    readonly reason: string;
  }[];
}

/** A definition, as the first spec that has it calls it. */
interface Definition {
  readonly id: string;
  readonly name: string;
  readonly view: FeatureView;
  readonly spec: SpecInUse;
}

interface Refreshed {
  readonly definition: Definition;
  readonly values: OfflineValues;
  /** By place; null: it is nowhere online yet. */
  readonly changes: readonly { readonly place: string | null; readonly difference: OnlineDifference }[];
}

/**
 * What has to change online so that it shows each definition that the specs have, and no other. A definition that
 * several specs have, under whatever names, is computed once. Those of `asked` must all be computable; one of the others
 * that isn't stays as it is and stops nothing.
 * @throws PerennialError SOURCE_EMPTY, SQL_INVALID, FEATURE_VIEW_INVALID of `asked`
 */
export async function refreshViews(
  parts: RefreshParts,
  asked: SpecInUse,
  others: readonly SpecInUse[],
): Promise<RefreshedViews> {
  const definitions = definitionsOf([asked, ...others]);
  const refreshed: Refreshed[] = [];
  const outdated = await withDuckDb(parts.duckdb, async (session) => {
    const found: Definition[] = [];
    for (const one of definitions.values())
      if (one.spec !== asked && !(await isOnline(session, parts, one))) found.push(one);
    await attachSources(session, parts.store, asked.spec.sources, parts.datasets);
    for (const one of definitions.values())
      if (one.spec === asked) refreshed.push(await refresh(session, parts, one));
    return found;
  });
  const values = new Map(refreshed.map((one) => [one.definition.id, one.values]));
  const frozen: RefreshedViews['frozen'][number][] = [];
  for (const spec of others) {
    const due = outdated.filter((one) => one.spec === spec);
    if (due.length === 0) continue;
    const attempts = await refreshEach(parts, spec, due);
    for (const [one, attempt] of attempts)
      if ('values' in attempt) refreshed.push(attempt);
      else frozen.push({ view: one.name, specRevision: spec.revision, reason: attempt.reason });
  }
  return { values, frozen, ...placed(parts.online, definitions, refreshed) };
}

/** Each definition once, as the first of the specs has it. */
function definitionsOf(specs: readonly SpecInUse[]): ReadonlyMap<string, Definition> {
  const found = new Map<string, Definition>();
  for (const spec of specs) {
    for (const [name, view] of Object.entries(spec.spec.features.views)) {
      const id = definitionOf(view);
      if (!found.has(id)) found.set(id, { id, name, view, spec });
    }
  }
  return found;
}

const placesOf = (online: readonly Materialisation[], { id }: Definition): readonly Materialisation[] =>
  online.filter(({ lineage }) => lineage.definition === id);

async function isOnline(
  session: DuckDbSession,
  parts: RefreshParts,
  definition: Definition,
): Promise<boolean> {
  const { store, datasets, online } = parts;
  const places = placesOf(online, definition);
  for (const place of places)
    if (!(await isUpToDate(session, store, definition.name, definition.view, datasets, place))) return false;
  return places.length > 0;
}

async function refresh(
  session: DuckDbSession,
  { store, datasets, online }: RefreshParts,
  definition: Definition,
): Promise<Refreshed> {
  const { name, view } = definition;
  const places = placesOf(online, definition);
  const values = await materialiseView(session, store, name, view, datasets, places[0]);
  const changes: Refreshed['changes'][number][] = [];
  for (const before of places) {
    if (before.digest === values.digest && canonicalJson(before.lineage) === canonicalJson(values.lineage))
      continue;
    const difference = await onlineDifference(session, store, view, values, before);
    changes.push({ place: before.place, difference });
  }
  if (places.length === 0) {
    const difference = await onlineDifference(session, store, view, values, undefined);
    changes.push({ place: null, difference });
  }
  return { definition, values, changes };
}

/** Definitions of another spec, each by itself, in a session that sees the sources as that spec does. */
async function refreshEach(
  parts: RefreshParts,
  { spec }: SpecInUse,
  due: readonly Definition[],
): Promise<ReadonlyMap<Definition, Refreshed | { readonly reason: string }>> {
  const { store, duckdb, datasets } = parts;
  const reasonOf = (error: unknown): { readonly reason: string } => {
    duckdb.signal?.throwIfAborted();
    const text = error instanceof Error ? error.message : String(error);
    return { reason: isPerennialError(error) ? `${error.code}: ${text}` : text };
  };
  try {
    return await withDuckDb(duckdb, async (session) => {
      await attachSources(session, store, spec.sources, datasets);
      const attempts = new Map<Definition, Refreshed | { readonly reason: string }>();
      for (const one of due) attempts.set(one, await refresh(session, parts, one).catch(reasonOf));
      return attempts;
    });
  } catch (error) {
    return new Map(due.map((one) => [one, reasonOf(error)]));
  }
}

/**
 * Gives what is new a place: its name, unless another definition lies there that some spec still has. A definition
 * never moves, so that whoever looks it up finds it all.
 */
function placed(
  online: readonly Materialisation[],
  definitions: ReadonlyMap<string, Definition>,
  refreshed: readonly Refreshed[],
): Pick<RefreshedViews, 'changed' | 'abandoned'> {
  const kept = online.filter(({ lineage }) => definitions.has(lineage.definition));
  const taken = new Set(kept.map(({ place }) => place));
  const changed: RefreshedViews['changed'][number][] = [];
  for (const { definition, values, changes } of refreshed)
    for (const change of changes) {
      const { id, name } = definition;
      const place = change.place ?? (taken.has(name) ? `${name}@${id}` : name);
      taken.add(place);
      changed.push({ after: { ...values, place }, difference: change.difference });
    }
  return { changed, abandoned: online.map(({ place }) => place).filter((place) => !taken.has(place)) };
}
