import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { lifecycleId } from '../src/contracts/workflows/ids.ts';
import { findingsReportedSignal } from '../src/contracts/workflows/lifecycle.ts';
import type { MonitorModelInput } from '../src/contracts/workflows/monitoring.ts';
import { computeFindings } from './activity-proxies.ts';
import { createStatus } from './status.ts';

/** One scheduled pass: findings about the champion are computed, recorded, and told to its lifecycle. */
export async function monitorModel(input: MonitorModelInput): Promise<{ readonly findings: number }> {
  const { model, environment } = input;
  const status = createStatus(input);
  status('monitoring', `Judging the newest window of ${model}.`);
  const passId = workflowInfo().firstExecutionRunId;
  const report = await computeFindings({ model, environment, passId });
  if (report === null) {
    status('done', 'There is no champion to watch.');
    return { findings: 0 };
  }
  await getExternalWorkflowHandle(lifecycleId(input)).signal(findingsReportedSignal, report);
  const breaches = report.findings.filter((finding) => finding.status === 'breach');
  const told = breaches.map((finding) => `- ${finding.monitor}: ${finding.reason}`).join('\n');
  status('done', breaches.length === 0 ? 'Nothing breached.' : told);
  return { findings: report.findings.length };
}
