import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Client } from '@temporalio/client';
import nodemailer from 'nodemailer';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/platform/config.ts';
import { connectTemporal } from '../../../src/platform/temporal-connection.ts';
import { ensureBuilt } from '../built-product.ts';
import { until } from '../../until.ts';
import { isRunning, StackProcess } from './stack-process.ts';
import type { StackUp } from './stack-process.ts';

const started: StackProcess[] = [];
const folders: string[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-stack-'));
  folders.push(folder);
  return folder;
}

function run(options: Readonly<Record<string, unknown>>): StackProcess {
  const stack = new StackProcess(options);
  started.push(stack);
  return stack;
}

async function query(up: StackUp, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: loadConfig(up.env).databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}

function s3Of(up: StackUp): S3Client {
  const { s3 } = loadConfig(up.env);
  const credentials = s3.credentials ?? { accessKeyId: '', secretAccessKey: '' };
  return new S3Client({ endpoint: s3.endpoint ?? '', region: s3.region, forcePathStyle: true, credentials });
}

async function read(up: StackUp, key: string): Promise<string> {
  const { Body } = await s3Of(up).send(
    new GetObjectCommand({ Bucket: loadConfig(up.env).s3.bucket, Key: key }),
  );
  return (await Body?.transformToString()) ?? '';
}

async function inTemporal<T>(up: StackUp, work: (client: Client) => Promise<T>): Promise<T> {
  const { temporal } = loadConfig(up.env);
  const connection = await connectTemporal(temporal);
  try {
    return await work(new Client({ connection, namespace: temporal.namespace }));
  } finally {
    await connection.close();
  }
}

async function sendMail(up: StackUp, subject: string): Promise<void> {
  const { mail } = loadConfig(up.env);
  const tls = { ca: readFileSync(mail.caFile ?? '', 'utf8') };
  const transport = nodemailer.createTransport({ url: mail.smtpUrl ?? '', requireTLS: true, tls });
  await transport.sendMail({ from: mail.from, to: [...mail.to], subject, text: subject });
  transport.close();
}

async function subjects(up: StackUp): Promise<string[]> {
  const response = await fetch(`${up.endpoints['mailInbox'] ?? ''}/messages`);
  return ((await response.json()) as { subject: string }[]).map((mail) => mail.subject);
}

/** One thing in each store, to be found again later. */
async function leaveTraces(up: StackUp): Promise<void> {
  await query(up, "create table trace as select 'kept' as word");
  await s3Of(up).send(new PutObjectCommand({ Bucket: 'perennial', Key: 'trace', Body: 'kept' }));
  await inTemporal(up, (client) =>
    client.workflow.start('waits', { workflowId: 'trace', taskQueue: 'nobody', args: [] }),
  );
  await sendMail(up, 'kept');
}

async function expectTraces(up: StackUp): Promise<void> {
  expect(await query(up, 'select word from trace')).toEqual([{ word: 'kept' }]);
  expect(await read(up, 'trace')).toBe('kept');
  const { status } = await inTemporal(up, (client) => client.workflow.getHandle('trace').describe());
  expect(status.name).toBe('RUNNING');
  expect(await subjects(up)).toContain('kept');
}

const pidsOf = (up: StackUp): number[] => up.processes.map((child) => child.pid ?? 0);

beforeAll(() => ensureBuilt('src/embedded/sinks-main.js'));

afterEach(async () => {
  await Promise.all(started.splice(0).map((stack) => stack.stop()));
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('a running stack', () => {
  let stack: StackProcess;
  let up: StackUp;

  beforeEach(async () => {
    stack = run({ dataDir: newFolder(), durable: false });
    up = await stack.up();
    await leaveTraces(up);
  });

  it('starts each of its servers again after kill -9, with all data kept', async () => {
    for (const { name, pid } of up.processes) {
      process.kill(pid ?? 0, 'SIGKILL');
      await until(`${name} is ready again`, () => stack.count('ready', name) === 2);
      await expectTraces(up);
    }
  });

  it('leaves no process behind when its supervisor gets kill -9, and the next start finds all data', async () => {
    stack.child.kill('SIGKILL');
    await stack.exited;
    await until('every server is gone', () => !pidsOf(up).some(isRunning));
    const again = await run({ dataDir: up.env['PERENNIAL_DATA_DIR'], durable: false }).up();
    expect(again.env).toEqual(up.env);
    await expectTraces(again);
  });

  it('stops every server on Ctrl-C, and leaves only its data, with secrets kept to their owner', async () => {
    expect(await stack.stop()).toBe(0);
    expect(pidsOf(up).filter(isRunning)).toEqual([]);
    const stopped = stack.lines.filter((line) => line.kind === 'stopped').map((line) => line.name);
    expect(stopped.sort()).toEqual(['postgres', 's3', 'sinks', 'temporal']);
    const dataDir = up.env['PERENNIAL_DATA_DIR'] ?? '';
    for (const name of ['stack.lock', 'pids.json']) {
      expect(statSync(join(dataDir, name), { throwIfNoEntry: false })).toBeUndefined();
    }
    expect(statSync(join(dataDir, 'stack.json')).mode & 0o777).toBe(0o600);
  });

  it('refuses a second stack in its folder, and runs beside one in another', async () => {
    const refused = await run({ dataDir: up.env['PERENNIAL_DATA_DIR'] }).failure();
    expect(refused['code']).toBe('STACK_ALREADY_RUNNING');
    const other = await run({ dataDir: newFolder(), durable: false }).up();
    expect(await query(other, "select to_regclass('trace') as t")).toEqual([{ t: null }]);
    await expectTraces(up);
  });

  it('takes another port when its own is taken at a restart, and keeps the data', async () => {
    await stack.stop();
    const port = Number(new URL(up.env['DATABASE_URL'] ?? '').port);
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    try {
      const again = await run({ dataDir: up.env['PERENNIAL_DATA_DIR'], durable: false }).up();
      expect(Number(new URL(again.env['DATABASE_URL'] ?? '').port)).not.toBe(port);
      await expectTraces(again);
    } finally {
      squatter.close();
    }
  });
});
