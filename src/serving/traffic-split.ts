/** What deciding needs of a route: weights in per cent that sum to 100, and which version is the champion. */
export interface SplitRoute {
  readonly model: string;
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

/**
 * Where a split key stands in [0, 1) for a challenger; the same in every gateway. The version is the salt: were a key's
 * place the same for every challenger, the same users would meet each of them first.
 */
function splitPoint(model: string, challenger: number, splitKey: string): number {
  return fmix32(fnv1a(`${model}\n${challenger}\n${splitKey}`)) / TWO_TO_32;
}

/**
 * The version that answers a split key. Challengers draw in the order of their numbers, each its weight out of what
 * those before it leave, and the champion takes the rest: every version gets its weight, a challenger that grows
 * keeps its keys, and where it is the newest it takes others from the champion alone and no key moves otherwise.
 */
export function chooseVersion(route: SplitRoute, splitKey: string): number {
  const challengers = route.weights
    .filter((share) => share.version !== route.champion)
    .sort((a, b) => a.version - b.version);
  let left = 100;
  for (const { version, weight } of challengers) {
    if (splitPoint(route.model, version, splitKey) * left < weight) return version;
    left -= weight;
  }
  const champion = route.weights.find((share) => share.version === route.champion);
  // Without a champion in the route, rounding may leave a sliver to the last challenger.
  const last = champion ?? challengers.at(-1);
  if (last === undefined) throw new TypeError('a route has at least one version');
  return last.version;
}
