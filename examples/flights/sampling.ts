import type { Sample } from './simulator/prepare-flights.ts';

/** What lands in files and is learned from: every 16th flight. */
export const LANDED: Sample = { oneOf: 16 };
/** Live traffic: other flights than those that land. */
export const LIVE: Sample = { oneOf: 4, remainder: 1 };
/** More than departs in half an hour. */
export const MOST_LIVE = 120_000;
