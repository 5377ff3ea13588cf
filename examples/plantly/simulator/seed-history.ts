import { publishVisits } from './application-log.ts';
import { HISTORY_DAYS, playHistory } from './history.ts';
import type { VisitEvents } from './shop-events.ts';
import { ShopDatabase } from './shop-database.ts';
import { createWorld } from './world.ts';

const DAY_MS = 86_400_000;
/** Customers and plants were there before the first visit. */
const OPENED_DAYS_BEFORE = 30;
const ORDERS_PER_INSERT = 1000;

export interface HistoryOptions {
  databaseUrl: string;
  logDirectory: string;
  seed: number;
  /** The end of the history; everything in it is earlier. */
  baseTime: Date;
  /** 10,000 when left out. */
  visits?: number;
}

export interface HistorySize {
  customers: number;
  plants: number;
  impressions: number;
  clicks: number;
  orders: number;
}

/**
 * Fills the shop's database and application log with the sixty days before `baseTime`, one log file per
 * day. Equal seeds and base times give equal bytes and rows; a second call changes nothing.
 */
export async function seedHistory(options: HistoryOptions): Promise<HistorySize> {
  const baseMs = options.baseTime.getTime();
  const world = createWorld(options.seed, baseMs);
  const startMs = baseMs - HISTORY_DAYS * DAY_MS;
  const database = new ShopDatabase(options.databaseUrl);
  try {
    await database.createTables();
    await database.insertWorld(world, new Date(startMs - OPENED_DAYS_BEFORE * DAY_MS));
    const visits = [...playHistory(world, baseMs, options.visits)];
    const days = new Map<number, VisitEvents[]>();
    for (const visit of visits) {
      const shownAt = visit.impressions[0]?.shown_at;
      if (shownAt === undefined) continue;
      const day = Math.floor((Date.parse(shownAt) - startMs) / DAY_MS);
      const ofDay = days.get(day);
      if (ofDay) ofDay.push(visit);
      else days.set(day, [visit]);
    }
    for (const [day, ofDay] of days) {
      await publishVisits(options.logDirectory, ofDay, { atMs: startMs + (day + 1) * DAY_MS, sequence: 0 });
    }
    const orders = visits
      .flatMap((visit) => visit.orders)
      .filter((order) => order.orderedAtMs < baseMs)
      .sort((a, b) => a.orderedAtMs - b.orderedAtMs);
    for (let from = 0; from < orders.length; from += ORDERS_PER_INSERT) {
      await database.insertOrders(orders.slice(from, from + ORDERS_PER_INSERT));
    }
    await database.countInventory();
    return {
      customers: world.customers.length,
      plants: world.plants.length,
      impressions: visits.reduce((sum, visit) => sum + visit.impressions.length, 0),
      clicks: visits.reduce((sum, visit) => sum + visit.clicks.length, 0),
      orders: orders.length,
    };
  } finally {
    await database.close();
  }
}
