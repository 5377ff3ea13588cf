import type { Finding } from '../finding.ts';
import { insufficient, percent, span } from './judgement.ts';
import type { Judgement } from './judgement.ts';

/** A span of live traffic, in milliseconds since the epoch; `to` is exclusive. */
export interface MonitorWindow {
  readonly from: number;
  readonly to: number;
}

/**
 * The newest window, cut to the time since the version has had all traffic: what its predecessor got says nothing about
 * it. With a `delay` it ends that much earlier, when every outcome has had time to arrive.
 */
export function newestWindow(now: number, windowMs: number, servedSince: number, delayMs = 0): MonitorWindow {
  // Whole milliseconds: databases tell fractions, and ids are made of these.
  const to = Math.floor(Math.max(servedSince, now - delayMs));
  return { from: Math.floor(Math.max(servedSince, to - windowMs)), to };
}

/**
 * What part of its window a version must have served before it is compared with another span: a night is no day. Of drift
 * half is enough, else a restored champion would go unwatched for a whole window just when the world has changed.
 */
const LEAST_SHARE: Partial<Record<Finding['type'], number>> = {
  kpi: 1,
  'outcome-drift': 0.5,
  'feature-drift': 0.5,
  'prediction-drift': 0.5,
};

/** The judgement of a window that is too short for its monitor; null where it is long enough, or has a limit of its own. */
export function judgeLength(
  type: Finding['type'],
  version: number,
  { from, to }: MonitorWindow,
  windowMs: number,
): Judgement | null {
  const share = LEAST_SHARE[type] ?? 0;
  if (to - from >= share * windowMs) return null;
  const least = share === 1 ? 'all of it' : percent(share);
  const served = `${span(to - from)} of the window's ${span(windowMs)}`;
  return insufficient(`version ${version} has served ${served}, and is compared once that is ${least}`);
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
