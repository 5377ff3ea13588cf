import type { Monitor } from '../contracts/spec/operation.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { judgeFeatureDrift, judgePredictionDrift } from '../domain/monitors/judge-drift.ts';
import { insufficient } from '../domain/monitors/judgement.ts';
import type { Judgement } from '../domain/monitors/judgement.ts';
import {
  judgeConcentration,
  judgeFreshness,
  judgeLatency,
  judgeStaleness,
} from '../domain/monitors/judge-level.ts';
import { judgeKpi, judgeOutcomeDrift } from '../domain/monitors/judge-outcome.ts';
import { judgeLength, newestWindow } from '../domain/monitors/monitor-window.ts';
import type { MonitorWindow } from '../domain/monitors/monitor-window.ts';
import type { Queryable } from '../registry/database.ts';
import { assessClusteredDrift } from '../stats/index.ts';
import type { DriftPolicy, KeyedNumbers } from '../stats/index.ts';
import { liveLatency, liveOutcome, topCandidate } from './live-traffic.ts';
import type { PassReading } from './pass-reading.ts';
import type { WatchedChampion } from './watched-champion.ts';

export interface MonitorParts {
  readonly db: Queryable;
  readonly reading: PassReading;
}

export interface MonitorRun {
  readonly window: MonitorWindow;
  readonly judgement: Judgement;
  /** null of a monitor that looks at no requests, or saw none. */
  readonly newestRequestAt: number | null;
}

/** Looks through one monitor at the champion's newest window. */
export async function runMonitor(
  parts: MonitorParts,
  champion: WatchedChampion,
  monitor: Monitor,
): Promise<MonitorRun> {
  const { spec, since } = champion;
  const byClock = monitor.type === 'freshness' || monitor.type === 'staleness';
  const now = byClock ? champion.now : champion.trafficUntil;
  const delay = 'outcome' in monitor ? (spec.serving.outcomes[monitor.outcome]?.delay ?? 0) : 0;
  const window = newestWindow(now, spec.monitoring.window, since, delay);
  const judgement = await judge(parts, champion, monitor, window);
  return {
    window,
    judgement,
    newestRequestAt: byClock ? null : await parts.reading.newestRequestAt(window),
  };
}

async function judge(
  parts: MonitorParts,
  champion: WatchedChampion,
  monitor: Monitor,
  window: MonitorWindow,
): Promise<Judgement> {
  const { spec, version, now } = champion;
  const { minSamples } = spec.monitoring;
  const ref: ModelRef = { model: champion.name, environment: champion.environment };
  switch (monitor.type) {
    case 'freshness':
      return judgeFreshness(
        monitor.source,
        await newestDataAt(parts.db, ref, monitor.source),
        now,
        monitor.maxAge,
      );
    case 'staleness': {
      const trainedAt = champion.model.run.finishedAt;
      return judgeStaleness(version, trainedAt === null ? null : Date.parse(trainedAt), now, monitor.maxAge);
    }
    case 'feature-drift':
    case 'prediction-drift':
    case 'outcome-drift':
    case 'concentration':
    case 'kpi':
    case 'latency':
      break;
  }
  const short = judgeLength(monitor.type, version, window, spec.monitoring.window);
  if (short) return short;
  const { reading } = parts;
  const view = await reading.view(window);
  switch (monitor.type) {
    case 'feature-drift':
    case 'prediction-drift': {
      const live = await reading.items(window);
      if (live.scores.values.length < minSamples)
        return insufficient(
          `${live.scores.values.length} predictions in the window < minSamples ${minSamples}`,
        );
      const reference = await reading.reference();
      const policy = policyOf(monitor, minSamples);
      // What was trained on names entities. Where live ones come under several keys, they are no users.
      const assess = (before: KeyedNumbers = NOTHING, current: KeyedNumbers = NOTHING) =>
        assessClusteredDrift(
          reference.byEntity && !live.keyedByEntity ? { ...before, keys: null } : before,
          current,
          policy,
        );
      if (monitor.type === 'prediction-drift')
        return judgePredictionDrift(assess(reference.items.scores, live.scores), reference.name);
      const wanted = monitor.features ?? champion.model.features;
      const columns = wanted.map((feature) => {
        const f = champion.model.features.indexOf(feature);
        return { feature, verdict: assess(reference.items.features[f], live.features[f]) };
      });
      return judgeFeatureDrift(columns, monitor.share, reference.name);
    }
    case 'outcome-drift':
    case 'kpi': {
      const { outcome } = monitor;
      const type = spec.serving.outcomes[outcome]?.type;
      if (type === undefined) return unknownOutcome(outcome, Object.keys(spec.serving.outcomes));
      const seen = await liveOutcome(view, version, outcome, type);
      if (monitor.type === 'outcome-drift') {
        const reference = await reading.labels();
        return judgeOutcomeDrift(
          { outcome, type, window: seen, reference, minSamples },
          monitor.maxRelativeChange,
        );
      }
      const measured = champion.baseline?.outcomes[outcome] ?? { count: 0, sum: 0 };
      // The baseline keeps no squares; of a boolean they are the sum.
      const reference = { ...measured, sumSquares: type === 'boolean' ? measured.sum : null };
      return judgeKpi({ outcome, type, window: seen, reference, minSamples }, monitor.minRatio);
    }
    case 'concentration': {
      const top = await topCandidate(view, version, monitor.by);
      return judgeConcentration(top, monitor.by, monitor.maxTopShare, minSamples);
    }
    case 'latency':
      return judgeLatency(await liveLatency(view, version), monitor.maxMsP99, minSamples);
  }
}

const NOTHING: KeyedNumbers = { values: [], keys: null };

type DriftMonitor = Extract<Monitor, { type: 'feature-drift' | 'prediction-drift' }>;

function policyOf(monitor: DriftMonitor, minSamples: number): DriftPolicy {
  const { measure, threshold } = monitor;
  const thresholds =
    threshold === undefined
      ? {}
      : { thresholds: { psi: threshold, js_distance: threshold, wasserstein_normed: threshold } };
  const method = measure === 'auto' ? 'auto' : measure === 'psi' ? 'psi' : 'js_distance';
  return { method, minSamples, ...thresholds };
}

function unknownOutcome(outcome: string, known: readonly string[]): Judgement {
  const list = known.length === 0 ? 'declares none' : `declares ${known.join(', ')}`;
  return {
    status: 'error',
    value: null,
    threshold: null,
    reason: `there is no outcome ${outcome}; serving.outcomes ${list}`,
  };
}

/** When the newest row of a source happened or, where no column tells, when it was read last: no row is newer than that. */
async function newestDataAt(db: Queryable, ref: ModelRef, source: string): Promise<number | null> {
  const { rows } = await db.query<{ at: number | null }>(
    `SELECT (extract(epoch FROM least(event_time_max, updated_at)) * 1000)::float8 AS at FROM source_states
      WHERE model = $1 AND environment = $2 AND source = $3 AND dataset IS NOT NULL`,
    [ref.model, ref.environment, source],
  );
  return rows[0]?.at ?? null;
}
