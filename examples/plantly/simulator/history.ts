import { RECOMMENDED_PLACES, pickByEditors, planVisit, searchPage } from './visit-plan.ts';
import { createRandom } from './random.ts';
import { eventsOf } from './shop-events.ts';
import type { Pace, VisitEvents } from './shop-events.ts';
import { playVisit } from './shopping-visit.ts';
import type { Showing } from './shopping-visit.ts';
import type { World } from './world.ts';

export const HISTORY_DAYS = 60;
const VISITS = 10_000;
const DAY_MS = 86_400_000;
const PACE: Pace = { clickMs: 4000, orderMs: 45_000 };
/** Until the pandemic the nurseries delivered whatever was sold. */
const ENDLESS_STOCK = { inStock: () => true, take: () => true };

/**
 * The sixty days before `baseTimeMs`, visit by visit in the order of time. Equal worlds and base times
 * give equal histories.
 */
export function* playHistory(
  world: World,
  baseTimeMs: number,
  visits: number = VISITS,
): Generator<VisitEvents> {
  const times = createRandom(world.seed, 'history-times');
  const startMs = baseTimeMs - HISTORY_DAYS * DAY_MS;
  const stepMs = (HISTORY_DAYS * DAY_MS) / (visits + 1);
  for (let i = 0; i < visits; i++) {
    const atMs = Math.round(startMs + stepMs * (i + times.next()));
    const random = createRandom(world.seed, 'history', i);
    const moment = { atMs, pandemic: false };
    const { customer, searched } = planVisit(world, moment, random);
    const page: Showing[] = searched
      ? searchPage(searched)
      : pickByEditors(world, moment, random).map((plant, place) => ({
          plant,
          surface: 'recommendation',
          position: (place % RECOMMENDED_PLACES) + 1,
        }));
    const outcomes = playVisit(world, { customer, page, moment }, ENDLESS_STOCK, random);
    yield eventsOf(`h-${String(i + 1).padStart(6, '0')}`, customer, outcomes, atMs, PACE);
  }
}
