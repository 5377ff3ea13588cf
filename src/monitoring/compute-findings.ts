import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { ComputeFindingsInput } from '../contracts/activities/data.ts';
import type { Monitor } from '../contracts/spec/operation.ts';
import type { FindingsReport } from '../contracts/workflows/lifecycle.ts';
import type { DuckDbOptions } from '../data/duckdb.ts';
import type { Finding } from '../domain/finding.ts';
import { confirmBreach } from '../domain/monitors/confirm-breach.ts';
import { DEPENDENCY_UNAVAILABLE } from '../errors/lifecycle-errors.ts';
import { isPerennialError } from '../errors/define-error.ts';
import type { Logger } from '../platform/logger.ts';
import { withTransaction } from '../registry/database.ts';
import type { Database } from '../registry/database.ts';
import { findingsOfPass, insertFindings, recentStatuses } from '../registry/findings.ts';
import type { PredictionLog } from '../serving/prediction-log.ts';
import { PassReading } from './pass-reading.ts';
import { runMonitor } from './run-monitor.ts';
import type { MonitorRun } from './run-monitor.ts';
import { watchedChampion } from './watched-champion.ts';
import type { WatchedChampion } from './watched-champion.ts';

export interface MonitoringParts {
  readonly db: Database;
  readonly store: ArtifactStore;
  readonly log: PredictionLog;
  readonly duckdb: Omit<DuckDbOptions, 'signal'>;
  readonly logger: Logger;
}

/**
 * One monitor pass over the champion's newest window; null when there is no champion. Findings are recorded before they
 * are returned, all at once, and a pass that is repeated returns what it recorded. A monitor that cannot be computed
 * is a finding of status `error`; a dependency that is away fails the pass, which is then repeated.
 * @throws PerennialError DEPENDENCY_UNAVAILABLE, MODEL_NOT_FOUND
 */
export async function computeFindings(
  parts: MonitoringParts,
  input: ComputeFindingsInput,
  signal: AbortSignal,
): Promise<FindingsReport | null> {
  const { db } = parts;
  const { passId } = input;
  const known = await findingsOfPass(db, passId);
  if (known?.[0]) return { passId, version: known[0].version, findings: known };
  const champion = await watchedChampion(db, input);
  if (champion === null) return null;
  const { store, log } = parts;
  const reading = new PassReading({ store, log, duckdb: { ...parts.duckdb, signal } }, champion);
  const findings: Finding[] = [];
  try {
    for (const monitor of champion.spec.monitoring.monitors) {
      signal.throwIfAborted();
      findings.push(await findingOf(parts, { champion, reading, monitor, passId }, signal));
    }
  } finally {
    await reading.close();
  }
  await withTransaction(db, (tx) => insertFindings(tx, input, passId, findings));
  // Of a pass that ran twice at once the first to record is the one that is told.
  const recorded = await findingsOfPass(db, passId);
  return { passId, version: champion.version, findings: recorded ?? findings };
}

interface Look {
  readonly champion: WatchedChampion;
  readonly reading: PassReading;
  readonly monitor: Monitor;
  readonly passId: string;
}

async function findingOf(parts: MonitoringParts, look: Look, signal: AbortSignal): Promise<Finding> {
  const { champion, monitor, passId } = look;
  const { spec, version } = champion;
  const { window, judgement, newestRequestAt } = await attempt(parts, look, signal);
  const ref = { model: champion.name, environment: champion.environment, version };
  const rule = spec.monitoring.breaches;
  const until = newestRequestAt ?? window.to;
  const earlier = await recentStatuses(parts.db, ref, monitor.name, passId, rule.n, until);
  return {
    id: `${passId}/${monitor.name}`,
    monitor: monitor.name,
    type: monitor.type,
    version,
    status: judgement.status,
    confirmed: confirmBreach(judgement.status, earlier, rule),
    severity: monitor.severity,
    actions: monitor.do,
    value: judgement.value,
    threshold: judgement.threshold,
    reason: judgement.reason,
    windowStart: window.from,
    windowEnd: window.to,
    ...(newestRequestAt === null ? {} : { newestRequestAt }),
  };
}

async function attempt(parts: MonitoringParts, look: Look, signal: AbortSignal): Promise<MonitorRun> {
  const { champion, reading, monitor } = look;
  try {
    return await runMonitor({ db: parts.db, reading }, champion, monitor);
  } catch (error) {
    signal.throwIfAborted();
    if (isPerennialError(error) && error.code === DEPENDENCY_UNAVAILABLE.code) throw error;
    // A registry that is away fails the pass; what fails while it is there is the monitor's own.
    if (!isPerennialError(error)) await parts.db.query('SELECT 1');
    parts.logger.error({ err: error, monitor: monitor.name }, 'a monitor could not be computed');
    const reason = isPerennialError(error) ? error.message : "it failed; the worker's log says why";
    return {
      window: { from: champion.since, to: champion.now },
      judgement: { status: 'error', value: null, threshold: null, reason },
      newestRequestAt: null,
    };
  }
}
