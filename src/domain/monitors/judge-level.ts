import { insufficient, judged, percent, span } from './judgement.ts';
import type { Judgement } from './judgement.ts';

/** Breaches when one candidate holds more than `maxTopShare` of the first ranks. */
export function judgeConcentration(
  top: { readonly candidate: string; readonly count: number; readonly total: number } | null,
  by: string,
  maxTopShare: number,
  minSamples: number,
): Judgement {
  const total = top?.total ?? 0;
  if (top === null || total < minSamples)
    return insufficient(`${total} rankings in the window < minSamples ${minSamples}`, maxTopShare);
  const share = top.count / total;
  return judged(
    share > maxTopShare,
    share,
    maxTopShare,
    `${by} ${top.candidate} is first in ${percent(share)} of ${total} rankings (limit ${percent(maxTopShare)})`,
  );
}

/** Breaches when the newest data of a source is older than `maxAgeMs`. `newestAt` in milliseconds since the epoch. */
export function judgeFreshness(
  source: string,
  newestAt: number | null,
  now: number,
  maxAgeMs: number,
): Judgement {
  if (newestAt === null) return insufficient(`source ${source} has no good dataset yet`, maxAgeMs);
  const age = Math.max(0, now - newestAt);
  return judged(
    age > maxAgeMs,
    age,
    maxAgeMs,
    `the newest row of ${source} is ${span(age)} old (limit ${span(maxAgeMs)})`,
  );
}

/** Breaches when the champion was trained longer ago than `maxAgeMs`. */
export function judgeStaleness(
  version: number,
  trainedAt: number | null,
  now: number,
  maxAgeMs: number,
): Judgement {
  if (trainedAt === null) return insufficient(`no training run is recorded for version ${version}`, maxAgeMs);
  const age = Math.max(0, now - trainedAt);
  return judged(
    age > maxAgeMs,
    age,
    maxAgeMs,
    `version ${version} was trained ${span(age)} ago (limit ${span(maxAgeMs)})`,
  );
}

/** Breaches when the 99th percentile of the champion's answers took longer than `maxMsP99`. */
export function judgeLatency(
  measured: { readonly requests: number; readonly latencyMsP99: number | null },
  maxMsP99: number,
  minSamples: number,
): Judgement {
  const { requests, latencyMsP99 } = measured;
  if (latencyMsP99 === null || requests < minSamples)
    return insufficient(`${requests} requests in the window < minSamples ${minSamples}`, maxMsP99);
  return judged(
    latencyMsP99 > maxMsP99,
    latencyMsP99,
    maxMsP99,
    `p99 latency ${Number(latencyMsP99.toPrecision(3))} ms over ${requests} requests (limit ${maxMsP99} ms)`,
  );
}
