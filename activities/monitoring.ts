import type { DataActivities } from '../src/contracts/activities/data.ts';
import { computeFindings } from '../src/monitoring/compute-findings.ts';
import type { MonitoringParts } from '../src/monitoring/compute-findings.ts';
import { heartbeating } from '../src/platform/activity-context.ts';

/** The part of task queue `data` that watches champions. */
export function createMonitoringActivities(parts: MonitoringParts): Pick<DataActivities, 'computeFindings'> {
  return {
    computeFindings: (input) => heartbeating(({ signal }) => computeFindings(parts, input, signal)),
  };
}
