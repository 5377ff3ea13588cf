import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { injectFaults } from '../../../examples/plantly/chaos/inject-faults.ts';
import type { FaultReport } from '../../../examples/plantly/chaos/inject-faults.ts';
import { openLink } from '../../../examples/plantly/chaos/link.ts';
import type { Link } from '../../../examples/plantly/chaos/link.ts';
import { untilBack } from '../../../examples/plantly/chaos/recovery.ts';
import { Saboteur, Sabotage } from '../../../examples/plantly/chaos/sabotage.ts';
import { strike } from '../../../examples/plantly/chaos/strike.ts';
import type { Stack } from '../../../src/embedded/stack.ts';
import type { ProcessStatus } from '../../../src/embedded/supervised-process.ts';
import { until } from '../../until.ts';

const started: ChildProcess[] = [];
const servers: Server[] = [];
const links: Link[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) server.close();
  for (const link of links.splice(0)) link.close();
});

const status = (name: string, more: Partial<ProcessStatus> = {}): ProcessStatus => ({
  name,
  pid: undefined,
  startTime: undefined,
  state: 'ready',
  restarts: 0,
  logPath: '',
  ...more,
});
const stackOf = (processes: () => ProcessStatus[], endpoints: Record<string, string> = {}) => ({
  processes,
  endpoints,
  kill: () => false,
});

describe('what has recovered', () => {
  it('is not a process that is still called ready because its end has not been seen', async () => {
    let now = status('worker-data');
    setTimeout(() => (now = status('worker-data', { state: 'starting', restarts: 1 })), 300);
    setTimeout(() => (now = status('worker-data', { restarts: 1 })), 500);
    const killed = new Map([['worker-data', 0]]);
    const recovery = await untilBack(
      stackOf(() => [now]),
      { killed },
    );
    expect(recovery.kind === 'back' && recovery.afterMs).toBeGreaterThanOrEqual(450);
  });

  it('is no gateway that does not answer', async () => {
    let code = 503;
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/healthz' ? code : 404).end();
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    setTimeout(() => (code = 200), 300);
    const gateway = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const recovery = await untilBack(stackOf(() => [status('gateway')], { gateway }));
    expect(recovery.kind === 'back' && recovery.afterMs).toBeGreaterThanOrEqual(250);
  });

  it('is told by name when somebody stops waiting', async () => {
    const stack = stackOf(() => [status('api'), status('gateway', { state: 'waiting' })]);
    expect(await untilBack(stack, { signal: AbortSignal.abort() })).toEqual({
      kind: 'away',
      names: ['gateway'],
    });
  });
});

it('a kill is reported with the time until what it killed has started again', async () => {
  let now = status('api');
  const stack = {
    ...stackOf(() => [now]),
    kill: () => {
      setTimeout(() => (now = status('api', { restarts: 1 })), 300);
      return true;
    },
  } as unknown as Stack;
  const sabotage = new Sabotage(mkdtempSync(join(tmpdir(), 'perennial-chaos-')));
  const over = new AbortController();
  const reports: FaultReport[] = [];
  const onFault = (report: FaultReport): void => {
    reports.push(report);
    over.abort();
  };
  const field = { stack, links: { all: [], env: {} }, sabotage, disk: null, during: () => '', onFault };
  await injectFaults(field, () => ({ afterMs: 0, fault: { kind: 'kill', target: 'api' } }), over.signal);
  expect(reports).toMatchObject([{ hit: true, fault: { kind: 'kill', target: 'api' } }]);
  const { recoveredAfterMs, lasted } = reports[0]!;
  expect(recoveredAfterMs).toBeGreaterThanOrEqual(250);
  expect(lasted.to! - lasted.from).toBeGreaterThanOrEqual(250);
});

it('a connection that was forgotten is in use until its client notices, and what is not back lasts', async () => {
  const link = { name: 'slack', strand: () => 1, mend: () => 0 } as unknown as Link;
  const plan = () => ({ afterMs: 0, fault: { kind: 'strand', target: 'slack' } }) as const;
  const strand = async (state: ProcessStatus['state']): Promise<FaultReport['lasted'] | undefined> => {
    const stack = stackOf(() => [status('api', { state })]) as unknown as Stack;
    const sabotage = new Sabotage(mkdtempSync(join(tmpdir(), 'perennial-chaos-')));
    const over = new AbortController();
    let lasted: FaultReport['lasted'] | undefined;
    const field = { stack, links: { all: [link], env: {} }, sabotage, disk: null, during: () => '' };
    setTimeout(() => over.abort(), 200);
    await injectFaults({ ...field, onFault: (report) => (lasted ??= report.lasted) }, plan, over.signal);
    return lasted;
  };
  const seen = await strand('ready');
  expect(seen!.to! - seen!.from).toBeGreaterThanOrEqual(40_000);
  expect((await strand('waiting'))?.to).toBeNull();
});

/** The letter of the kernel for what a process does: T is stopped. */
const stateOf = (pid: number): string | undefined =>
  readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.[0];

describe('a signal', () => {
  it('stops also the sessions of PostgreSQL, and lets them go on', async () => {
    const server = spawn('sh', ['-c', 'sleep 60 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
    started.push(server);
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    const session = Number(line);
    const stack = {
      processes: () => [status('postgres', { pid: server.pid })],
      kill: (_: string, signal?: NodeJS.Signals) => server.kill(signal),
    };
    try {
      expect(strike(stack, 'postgres', 'SIGSTOP')).toBe(true);
      await until('it is stopped', () => stateOf(session) === 'T');
      strike(stack, 'postgres', 'SIGCONT');
      await until('it goes on', () => stateOf(session) !== 'T');
    } finally {
      process.kill(session, 'SIGKILL');
    }
  });

  const worker = {
    processes: () => [status('worker-training', { pid: process.pid })],
    kill: () => false,
  };

  it('hits no trainer where none runs', () => {
    expect(strike(worker, 'trainer', 'SIGKILL')).toBe(false);
  });

  it('hits no trainer that ends at this moment', async () => {
    const trainer = spawn('sh', ['-c', 'sleep 60; true # python'], { stdio: 'ignore' });
    started.push(trainer);
    await once(trainer, 'spawn');
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' });
    });
    try {
      expect(strike(worker, 'trainer', 'SIGKILL')).toBe(false);
      expect(kill).toHaveBeenCalledWith(trainer.pid, 'SIGKILL');
    } finally {
      kill.mockRestore();
    }
  });
});

describe('a link', () => {
  async function connected(): Promise<{ link: Link; open: () => Promise<void> }> {
    const server = createServer().listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const link = await openLink('test', '127.0.0.1', (server.address() as AddressInfo).port);
    links.push(link);
    const open = async (): Promise<void> => {
      const [host = '', port = ''] = link.address.split(':');
      const socket = connect(Number(port), host).on('error', () => undefined);
      await once(socket, 'connect');
    };
    return { link, open };
  }

  it('that nobody uses is hit by nothing', async () => {
    const { link } = await connected();
    link.cut();
    expect(link.mend()).toBe(0);
    link.stall();
    expect(link.mend()).toBe(0);
    expect(link.strand()).toBe(0);
  });

  it('counts the connections that were open, and those that came meanwhile', async () => {
    const { link, open } = await connected();
    await open();
    await sleep(50);
    link.stall();
    await open();
    await sleep(50);
    expect(link.mend()).toBe(2);
    expect(link.strand()).toBe(2);
    link.cut();
    await open();
    await sleep(50);
    expect(link.mend()).toBe(1);
  });
});

it('a clock is off when its process has said so', () => {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-chaos-'));
  const sabotage = new Sabotage(folder);
  sabotage.setClock('api', 5000);
  expect(sabotage.toldClock('api')).toBe(0);
  const saboteur = new Saboteur(folder, 'api');
  saboteur.tellClock(saboteur.clockOffsetMs());
  expect(sabotage.toldClock('api')).toBe(5000);
});
