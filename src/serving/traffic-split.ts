/** What deciding needs of a route: weights in per cent that sum to 100, and which version is the champion. */
export interface SplitRoute {
  readonly weights: readonly { readonly version: number; readonly weight: number }[];
  readonly champion: number | null;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const TWO_TO_32 = 2 ** 32;

/** FNV-1a over the bytes of UTF-8, 32 bit (Fowler, Noll, Vo; draft-eastlake-fnv). */
function fnv1a(text: string): number {
  let hash = FNV_OFFSET;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash >>> 0;
}

/** MurmurHash3's finaliser: FNV-1a alone spreads short, similar keys unevenly. */
function fmix32(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Where a split key stands in [0, 100) for a model; the same in every gateway, for ever. */
export function splitPoint(model: string, splitKey: string): number {
  return (fmix32(fnv1a(`${model}\n${splitKey}`)) / TWO_TO_32) * 100;
}

/**
 * The version that a point is routed to. Challengers fill the scale from 0, in the order of their numbers, and the
 * champion takes what is left: a challenger that grows takes keys from the champion and no key moves otherwise.
 */
export function chooseVersion(route: SplitRoute, point: number): number {
  const challengers = route.weights
    .filter((share) => share.version !== route.champion)
    .sort((a, b) => a.version - b.version);
  let edge = 0;
  for (const share of challengers) {
    edge += share.weight;
    if (point < edge) return share.version;
  }
  const champion = route.weights.find((share) => share.version === route.champion);
  // Without a champion in the route, rounding may leave a sliver below 100 to the last challenger.
  const last = champion ?? challengers.at(-1);
  if (last === undefined) throw new TypeError('a route has at least one version');
  return last.version;
}
