export interface Concentration {
  readonly total: number;
  /** Cells with at least one. */
  readonly distinct: number;
  /** Share of the most frequent cell. */
  readonly topShare: number | null;
  /** 0 when all cells of the catalogue are equal, 1 − 1/size when one holds everything. */
  readonly gini: number | null;
  /** H / log(catalogue size), in [0, 1]; 1 for even use; 0 for a catalogue of one. */
  readonly normalisedEntropy: number | null;
  readonly entropyBits: number | null;
  /** 2^H: as many equally used items would be as diverse. */
  readonly effectiveItems: number | null;
  /** Herfindahl-Hirschman index Σ share². */
  readonly hhi: number | null;
}

/**
 * How unevenly counts spread over a catalogue. `catalogueSize` (default: the number of counts) adds cells that never
 * occurred as zeros. Everything but the totals is null when nothing was counted; counts ≤ 0 or not finite are zero.
 */
export function concentration(
  counts: Iterable<number> | ReadonlyMap<unknown, number>,
  catalogueSize?: number,
): Concentration {
  const all = [
    ...(counts instanceof Map
      ? (counts as ReadonlyMap<unknown, number>).values()
      : (counts as Iterable<number>)),
  ];
  const used = all.filter((c) => Number.isFinite(c) && c > 0).sort((a, b) => a - b);
  const size = Math.max(catalogueSize ?? all.length, used.length);
  const total = used.reduce((a, b) => a + b, 0);
  if (total === 0) {
    const nothing = { topShare: null, gini: null, normalisedEntropy: null, entropyBits: null };
    return { total: 0, distinct: 0, ...nothing, effectiveItems: null, hhi: null };
  }
  let entropyBits = 0;
  let hhi = 0;
  let ranked = 0;
  used.forEach((count, i) => {
    const share = count / total;
    entropyBits -= share * Math.log2(share);
    hhi += share * share;
    // Ranks 1 … size, the unused cells first: G = Σ (2·rank − size − 1) x / (size · Σx).
    ranked += (2 * (size - used.length + i + 1) - size - 1) * count;
  });
  entropyBits = Math.max(0, entropyBits);
  return {
    total,
    distinct: used.length,
    topShare: used[used.length - 1]! / total,
    gini: ranked / (size * total),
    normalisedEntropy: size > 1 ? entropyBits / Math.log2(size) : 0,
    entropyBits,
    effectiveItems: 2 ** entropyBits,
    hhi,
  };
}
