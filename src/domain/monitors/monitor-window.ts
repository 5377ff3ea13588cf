/** A span of live traffic, in milliseconds since the epoch; `to` is exclusive. */
export interface MonitorWindow {
  readonly from: number;
  readonly to: number;
}

/**
 * The newest window, cut to the time since the version became champion: traffic of its predecessor says nothing
 * about it. With a `delay` it ends that much earlier, when every outcome has had time to arrive.
 */
export function newestWindow(
  now: number,
  windowMs: number,
  championSince: number,
  delayMs = 0,
): MonitorWindow {
  // Whole milliseconds: databases tell fractions, and ids are made of these.
  const to = Math.floor(Math.max(championSince, now - delayMs));
  return { from: Math.floor(Math.max(championSince, to - windowMs)), to };
}

/** A log that is further behind is not waited for: its newest traffic says nothing about now. */
const LONGEST_LAG_MS = 5 * 60_000;

/**
 * Where a window of live traffic ends. Gateways ship their log some seconds behind; a window that ended now would be
 * short of its newest part, and on a busy day empty.
 * @param shippedUntil The newest row that has been shipped, in milliseconds since the epoch; null without any.
 */
export function trafficUntil(now: number, shippedUntil: number | null): number {
  if (shippedUntil === null || now - shippedUntil > LONGEST_LAG_MS) return now;
  return Math.min(now, shippedUntil + 1);
}
