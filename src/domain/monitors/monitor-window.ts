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
