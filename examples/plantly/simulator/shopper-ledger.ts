import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** One visit that left all its traces: served, logged, ordered and reported back. */
export interface LedgerEntry {
  requestId: string;
  kind: 'ranked' | 'searched' | 'refused';
  /** Version and route generation that answered; null when the recommender wasn't asked or refused. */
  version: number | null;
  generation: number | null;
  pandemic: boolean;
  impressions: number;
  clicks: number;
  orderIds: readonly string[];
  feedbackEventId: string | null;
  converted: boolean;
}

export interface LedgerTotals {
  visits: number;
  ranked: number;
  searched: number;
  refused: number;
  /** Visits that came while too many others waited for an answer. */
  turnedAway: number;
  /** Visits whose traces could not all be delivered before the end. */
  unsettled: number;
  retries: number;
  impressions: number;
  clicks: number;
  orders: number;
  feedback: number;
  converted: number;
  byVersion: Record<string, { ranked: number; converted: number }>;
}

const emptyTotals = (): LedgerTotals => ({
  visits: 0,
  ranked: 0,
  searched: 0,
  refused: 0,
  turnedAway: 0,
  unsettled: 0,
  retries: 0,
  impressions: 0,
  clicks: 0,
  orders: 0,
  feedback: 0,
  converted: 0,
  byVersion: {},
});

/**
 * The simulator's own books: what really happened, to hold the product's counts against. Entries are lines
 * of JSON in `file`; the totals are of this process.
 */
export class ShopperLedger {
  readonly totals = emptyTotals();
  readonly #file: string;
  #lines: string[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  enter(entry: LedgerEntry): void {
    const { totals } = this;
    totals.visits++;
    totals[entry.kind]++;
    totals.impressions += entry.impressions;
    totals.clicks += entry.clicks;
    totals.orders += entry.orderIds.length;
    totals.feedback += Number(entry.feedbackEventId !== null);
    totals.converted += Number(entry.converted);
    if (entry.version !== null) {
      const version = (totals.byVersion[entry.version] ??= { ranked: 0, converted: 0 });
      version.ranked++;
      version.converted += Number(entry.converted);
    }
    this.#lines.push(JSON.stringify(entry));
  }

  /** Writes what was entered since the last call. Calls must not overlap. */
  async flush(): Promise<void> {
    const lines = this.#lines;
    if (lines.length === 0) return;
    this.#lines = [];
    await mkdir(dirname(this.#file), { recursive: true });
    await appendFile(this.#file, `${lines.join('\n')}\n`);
  }
}
