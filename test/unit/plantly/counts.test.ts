import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countLeftovers } from '../../../examples/plantly/chaos/counts/leftovers.ts';
import { countFaults, countProcesses } from '../../../examples/plantly/chaos/counts/processes.ts';
import { championsOf } from '../../../examples/plantly/chaos/counts/registry-truths.ts';
import { judgeRunning } from '../../../examples/plantly/chaos/counts/workflows.ts';
import type { FaultReport } from '../../../examples/plantly/chaos/inject-faults.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'perennial-counts-'));

describe('what a run leaves', () => {
  const files = (dataDir: string) => countLeftovers(dataDir)[0];
  const processes = (dataDir: string) => countLeftovers(dataDir)[1];

  it('is nothing in a folder without temporary files', () => {
    const dataDir = folder();
    for (const name of ['logs', 'runs', 'tmp']) mkdirSync(join(dataDir, name));
    writeFileSync(join(dataDir, 'logs', 'api.log'), '');
    expect(countLeftovers(dataDir).map(({ ok }) => ok)).toEqual([true, true]);
  });

  it.each([
    'spool/gateway-1/x.sealed.ndjson',
    'spool/gateway-1/x.items.parquet',
    'spool/gateway-1/tmp_x.requests.parquet',
    'runs/plants-1',
    'tmp/perennial-apply-x',
    'stack.lock',
  ])('is told of by name: %s', (name) => {
    const dataDir = folder();
    mkdirSync(join(dataDir, name, '..'), { recursive: true });
    writeFileSync(join(dataDir, name), '');
    expect(files(dataDir)?.ok).toBe(false);
    expect(files(dataDir)?.seen).toContain(name);
  });

  it('is also a process that says nothing of its folder but where it writes its log', async () => {
    const dataDir = folder();
    const log = openSync(join(dataDir, 'worker.log'), 'a');
    const orphan = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e3)'], {
      env: {},
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    await once(orphan, 'spawn');
    try {
      expect(processes(dataDir)).toMatchObject({ ok: false });
      expect(processes(dataDir)?.seen).toContain(String(orphan.pid));
    } finally {
      orphan.kill('SIGKILL');
      await once(orphan, 'exit');
    }
    expect(processes(dataDir)?.ok).toBe(true);
  });
});

describe('the processes of a run', () => {
  const ready = new Map([['api', 1]]);
  const back = { kind: 'back', afterMs: 0 } as const;

  it('are all back', () => {
    expect(countProcesses(back, ready, new Map(ready)).ok).toBe(true);
  });

  it('are not, where one is away or starts again and again', () => {
    expect(countProcesses({ kind: 'away', names: ['api'] }, ready, ready)).toMatchObject({
      ok: false,
      seen: '1 processes, 1 away api, 0 started again',
    });
    expect(countProcesses(back, ready, new Map([['api', 2]]))).toMatchObject({
      ok: false,
      seen: '1 processes, 0 away, 1 started again api',
    });
  });
});

it('a run proves nothing when no fault hit, or when they could not go on', () => {
  const report = { hit: false } as FaultReport;
  expect(countFaults([report], null).ok).toBe(false);
  expect(countFaults([report, { ...report, hit: true }], null).ok).toBe(true);
  expect(countFaults([{ ...report, hit: true }], 'Error: EPERM')).toMatchObject({
    ok: false,
    seen: '1 of 1 hit, then Error: EPERM',
  });
});

describe('the champions of a history', () => {
  const change = (version: number, stage: string, at: string) => ({ version, stage, at });
  const first = [change(1, 'bake', '1'), change(1, 'champion', '2'), change(2, 'bake', '3')];

  it('are one at each instant where one transaction changes both', () => {
    const moved = [...first, change(1, 'retired', '4'), change(2, 'champion', '4')];
    expect(championsOf(moved)).toEqual({ most: 1, gaps: 0, now: [2] });
  });

  it('are none for a while where two transactions do', () => {
    const moved = [...first, change(1, 'retired', '4'), change(2, 'champion', '5')];
    expect(championsOf(moved)).toEqual({ most: 1, gaps: 1, now: [2] });
  });

  it('are two for a while in the other order', () => {
    const moved = [...first, change(2, 'champion', '4'), change(1, 'retired', '5')];
    expect(championsOf(moved)).toEqual({ most: 2, gaps: 0, now: [2] });
  });
});

describe('a running workflow', () => {
  const nothing = { taskAttempt: 0, activities: [] };
  const pending = (name: string, attempt: number) => ({ taskAttempt: 1, activities: [{ name, attempt }] });
  const HOUR_MS = 3_600_000;

  it.each([
    ['modelLifecycle', HOUR_MS, nothing, 'well'],
    ['monitorModel', 1000, nothing, 'well'],
    ['monitorModel', HOUR_MS, nothing, 'stuck'],
    ['modelLifecycle', HOUR_MS, { ...nothing, taskAttempt: 3 }, 'stuck'],
    ['modelLifecycle', HOUR_MS, pending('setIncidentStatus', 500), 'stuck'],
    ['handleIncident', HOUR_MS, pending('notify', 2), 'well'],
    ['deliverWebhook', HOUR_MS, pending('sendWebhook', 5), 'waiting'],
    ['deliverWebhook', HOUR_MS, pending('sendWebhook', 1), 'stuck'],
  ] as const)('of type %s after %d ms with %j is %s', (type, ageMs, state, expected) => {
    expect(judgeRunning(type, ageMs, state)).toBe(expected);
  });
});
