import type { RankingGroup } from './ranking-metrics.ts';

export interface ScoredItem {
  /** The user, session or query that the list was made for. */
  readonly group: string;
  readonly item: string;
  readonly score: number;
  /** Grade; > 0 is relevant. */
  readonly relevance: number;
}

/** Lists from scored rows: per group by score, best first, ties in the order given; scores that are NaN come last. */
export function groupRankings(rows: Iterable<ScoredItem>): RankingGroup[] {
  const groups = new Map<string, ScoredItem[]>();
  for (const row of rows) {
    const list = groups.get(row.group);
    if (list === undefined) groups.set(row.group, [row]);
    else list.push(row);
  }
  const key = (row: ScoredItem): number => (Number.isNaN(row.score) ? Number.NEGATIVE_INFINITY : row.score);
  return [...groups.values()].map((list) => {
    const relevant = new Map<string, number>();
    for (const row of list) relevant.set(row.item, Math.max(relevant.get(row.item) ?? 0, row.relevance));
    const ranked = [...list].sort((a, b) => (key(a) === key(b) ? 0 : key(b) - key(a))).map((row) => row.item);
    return { ranked, relevant };
  });
}
