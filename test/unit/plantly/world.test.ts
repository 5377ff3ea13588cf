import { expect, it } from 'vitest';
import { playHistory } from '../../../examples/plantly/simulator/history.ts';
import { createWorld } from '../../../examples/plantly/simulator/world.ts';

const DAY_MS = 86_400_000;
const VISITS = 300;

/** What was shown, clicked and bought, with times counted from the end. */
function story(endMs: number): unknown[] {
  return [...playHistory(createWorld(7, endMs), endMs, VISITS)].map(({ impressions, clicks, orders }) => [
    impressions.map((row) => [row.plant_id, row.position, Date.parse(row.shown_at) - endMs]),
    clicks.map((row) => row.plant_id),
    orders.map((order) => [order.orderedAtMs - endMs]),
  ]);
}

it('the shop of a seed has the same history on whatever day its story is told', () => {
  const endMs = Date.parse('2026-11-22T08:00:00Z');
  const then = story(endMs);
  for (const days of [0.3, 1, 6.2, 190, 4000]) expect(story(endMs + days * DAY_MS)).toEqual(then);
});

it('goes on by the calendar of its history', () => {
  const endMs = Date.parse('2031-03-04T05:06:07Z');
  const world = createWorld(7, endMs);
  const fashions = Array.from(
    { length: 30 },
    (_, day) => world.trending(endMs - 15 * DAY_MS + day * DAY_MS).plantId,
  );
  expect(new Set(fashions).size).toBeGreaterThan(10);
});
