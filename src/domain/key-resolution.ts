/** What the resolver needs to know of a feature view; the spec's views have this shape. */
export interface KeyedView {
  readonly keys: readonly string[];
  readonly columns: Readonly<Record<string, unknown>>;
}

/** Where the value of a key comes from: given by the caller, or read from a column of a view joined before. */
type KeyOrigin =
  { readonly from: 'given' } | { readonly from: 'view'; readonly view: string; readonly column: string };

/** One look-up: the view, and the origin of each of its keys in the view's key order. */
export interface ViewJoin {
  readonly view: string;
  readonly keys: readonly { readonly key: string; readonly origin: KeyOrigin }[];
}

export type KeyResolution =
  | { readonly kind: 'resolved'; readonly joins: readonly ViewJoin[] }
  | {
      readonly kind: 'unresolved';
      /** The views that can't be joined, and the keys that nothing yields. */
      readonly missing: readonly { readonly view: string; readonly keys: readonly string[] }[];
      readonly reason: string;
    };

/** The views that features of the form `view.column` name, each once, in the order of first use. */
export function viewsOfFeatures(features: readonly string[]): string[] {
  return [...new Set(features.map((feature) => feature.slice(0, feature.indexOf('.'))))];
}

function unresolved(
  views: Readonly<Record<string, KeyedView>>,
  given: ReadonlySet<string>,
  needed: readonly string[],
): KeyResolution {
  const missing = needed.map((view) => ({
    view,
    keys: (views[view]?.keys ?? []).filter((key) => !given.has(key)),
  }));
  const list = missing.map((m) =>
    views[m.view] === undefined
      ? `there is no view "${m.view}"`
      : `view "${m.view}" needs ${m.keys.join(', ')}`,
  );
  return {
    kind: 'unresolved',
    missing,
    reason: `${list.join('; ')}; given are ${[...given].sort().join(', ') || 'no keys'}`,
  };
}

/**
 * The order in which views are looked up so that every key is known when it is needed. A key that is `given` wins;
 * otherwise it is read from a column of that name of a view joined before. Views that nobody asked for are joined
 * when they alone yield a key. Training and serving both use this, so that both resolve alike.
 */
export function resolveKeys(
  views: Readonly<Record<string, KeyedView>>,
  needed: readonly string[],
  givenKeys: readonly string[],
): KeyResolution {
  const given = new Set(givenKeys);
  const yields = new Map<string, { view: string; column: string }>();
  const joins: ViewJoin[] = [];
  const joined = new Set<string>();
  const originOf = (key: string): KeyOrigin | null => {
    if (given.has(key)) return { from: 'given' };
    const found = yields.get(key);
    return found ? { from: 'view', ...found } : null;
  };
  const tryJoin = (name: string): boolean => {
    const view = views[name];
    if (!view) return false;
    const keys = view.keys.map((key) => ({ key, origin: originOf(key) }));
    if (keys.some(({ origin }) => origin === null)) return false;
    joins.push({ view: name, keys: keys.map(({ key, origin }) => ({ key, origin: origin as KeyOrigin })) });
    joined.add(name);
    for (const column of Object.keys(view.columns)) {
      if (!given.has(column) && !yields.has(column)) yields.set(column, { view: name, column });
    }
    return true;
  };
  for (;;) {
    const waiting = needed.filter((name) => !joined.has(name));
    if (waiting.length === 0) return { kind: 'resolved', joins: withoutUnused(joins, needed) };
    if (waiting.some(tryJoin)) continue;
    // Only views whose columns are among the keys still sought may be pulled in.
    const sought = new Set(
      waiting.flatMap((name) => views[name]?.keys ?? []).filter((key) => !originOf(key)),
    );
    const others = Object.keys(views).filter((name) => !joined.has(name) && !waiting.includes(name));
    const helpful = others.filter((name) =>
      Object.keys(views[name]?.columns ?? {}).some((c) => sought.has(c)),
    );
    if (helpful.some(tryJoin) || others.some(tryJoin)) continue;
    return unresolved(views, new Set([...given, ...yields.keys()]), waiting);
  }
}

/** Drops views that were joined on the way and yield nothing that a needed view takes. */
function withoutUnused(joins: readonly ViewJoin[], needed: readonly string[]): ViewJoin[] {
  const used = new Set(needed);
  for (const join of [...joins].reverse()) {
    if (!used.has(join.view)) continue;
    for (const { origin } of join.keys) if (origin.from === 'view') used.add(origin.view);
  }
  return joins.filter((join) => used.has(join.view));
}
