import Table from 'cli-table3';
import pc from 'picocolors';
import { FAULT_KINDS } from './fault-plan.ts';
import type { FaultReport } from './inject-faults.ts';
import type { ChaosRun } from './run-with-faults.ts';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** One fault in one line. */
export function describeFault({ fault, hit, detail, recoveredAfterMs }: FaultReport): string {
  const lasting = 'forMs' in fault ? ` for ${seconds(fault.forMs)}` : '';
  const offset = fault.kind === 'clock' ? ` ${fault.offsetMs > 0 ? '+' : ''}${seconds(fault.offsetMs)}` : '';
  const outcome = hit
    ? recoveredAfterMs === null
      ? '; not all is back yet'
      : `; all ready after ${seconds(recoveredAfterMs)}`
    : ' (did not hit)';
  return `${fault.kind} ${fault.target}${offset}${lasting}${detail === '' ? '' : ` ${detail}`}${outcome}`;
}

/** A table of runs, and which faults hit during which step. */
export function renderRuns(runs: readonly ChaosRun[]): string {
  const table = new Table({
    head: ['seed', 'ended', 'story', 'faults', 'slowest recovery', 'broken promises'],
    style: { head: [] },
  });
  for (const run of runs) {
    const hits = run.faults.filter(({ hit }) => hit);
    const slowest = Math.max(0, ...hits.flatMap(({ recoveredAfterMs }) => recoveredAfterMs ?? []));
    const failed = run.report.steps.find(({ ok }) => !ok);
    const broken = [
      ...(failed ? [`${failed.id}: ${failed.seen}`] : []),
      ...run.counts.filter(({ ok }) => !ok).map(({ promise, seen }) => `${promise}: ${seen}`),
    ];
    table.push([
      run.seed,
      run.ok ? pc.green('well') : pc.red('badly'),
      seconds(run.report.durationMs),
      hits.length,
      seconds(slowest),
      broken.map((line) => line.slice(0, 100)).join('\n'),
    ]);
  }
  return `${table.toString()}\n${renderCoverage(runs)}`;
}

function renderCoverage(runs: readonly ChaosRun[]): string {
  const hits = runs.flatMap(({ faults }) => faults.filter(({ hit }) => hit));
  const lines = FAULT_KINDS.map((kind) => {
    const of = hits.filter(({ fault }) => fault.kind === kind);
    const where =
      kind === 'crash-point' ? of.map(({ detail }) => detail) : of.map(({ fault }) => fault.target);
    return `${kind.padEnd(12)} ${String(of.length).padStart(4)}  ${[...new Set(where)].sort().join(', ')}`;
  });
  return lines.join('\n');
}
