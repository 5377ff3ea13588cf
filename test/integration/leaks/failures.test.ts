import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Client } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import { createS3Client } from '../../../src/artifacts/s3-client.ts';
import { createEmailChannel } from '../../../src/notifications/email-channel.ts';
import { createSlackChannel } from '../../../src/notifications/slack-channel.ts';
import { toApplicationFailure } from '../../../src/platform/activity-errors.ts';
import { loadConfig } from '../../../src/platform/config.ts';
import { secretsOf } from '../../../src/platform/config-secrets.ts';
import { connectTemporal, prepareNamespace } from '../../../src/platform/temporal-connection.ts';
import { openDatabase } from '../../../src/registry/database.ts';
import { SecretSearch } from '../../leaks/secret-search.ts';
import { leaksOfBucket, leaksOfDatabase, leaksOfHistories } from '../../leaks/stack-secrets.ts';
import { createDataWorld } from '../data/data-world.ts';
import type { DataWorld } from '../data/data-world.ts';
import { freshBucket, startTemporal, useInfrastructure } from '../infrastructure.ts';
import { TRAINER_PATH, TrainingWorld, train } from '../training/training-world.ts';

const CANARY = 'canary-b7f3a1d2-of-the-service';
const search = new SecretSearch([{ name: 'canary', text: CANARY }]);
let closedPort: number;

beforeAll(async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  closedPort = (server.address() as AddressInfo).port;
  await new Promise((done) => server.close(done));
});

/** An error in every form that leaves the process: as Temporal gets it, as the log writes it, as a person reads it. */
async function leaksOfFailure(work: () => Promise<unknown>): Promise<unknown[]> {
  const error: unknown = await work().then(
    () => {
      throw new Error('it did not fail');
    },
    (reason: unknown) => reason,
  );
  const lines: string[] = [];
  pino({}, { write: (line: string) => void lines.push(line) }).warn({ err: error }, 'failed');
  return [
    ...search.inValue(toApplicationFailure(error), 'failure'),
    ...search.inBytes(Buffer.from(lines.join('')), 'log'),
    ...search.inBytes(Buffer.from(String(error)), 'text'),
  ];
}

describe('a source whose connection URL holds a password', () => {
  let world: DataWorld;
  let revision: number;
  beforeAll(async () => {
    world = await createDataWorld();
    revision = await world.apply({
      sources: { orders: { type: 'postgres', connection: 'SHOP_URL', table: 'orders' } },
    });
  });
  afterAll(() => world.close());

  const here = () => new URL(useInfrastructure().env['DATABASE_URL'] ?? '').host;
  it.each([
    ['is refused', () => `postgres://postgres:${CANARY}@${here()}/perennial`],
    ['meets no server', () => `postgres://postgres:${CANARY}@127.0.0.1:${String(closedPort)}/x`],
    ['names no host that exists', () => `postgres://postgres:${CANARY}@nowhere.invalid/x`],
    ['is no URL', () => `postgres://postgres:${CANARY}@[::bad/x`],
    ['is of another kind', () => `http://postgres:${CANARY}@127.0.0.1:${String(closedPort)}/x`],
    ['has a password that is written wrongly', () => `postgres://postgres:%zz${CANARY}@${here()}/x`],
  ])('shows it nowhere when it %s', async (_, url) => {
    world.secrets['SHOP_URL'] = url();
    const ingest = () => world.call('ingestSource', { source: 'orders', specRevision: revision });
    expect(await leaksOfFailure(ingest)).toEqual([]);
  });

  it('leaves nothing in registry and store', async () => {
    const { databaseUrl, s3 } = loadConfig(useInfrastructure().env);
    const { rows } = await world.db.query<{ name: string }>('SELECT current_database() AS name');
    const url = new URL(databaseUrl);
    url.pathname = `/${rows[0]?.name ?? ''}`;
    expect(await leaksOfDatabase(url.href, search)).toEqual([]);
    expect(await leaksOfBucket({ ...s3, bucket: world.bucket }, world.directory, search)).toEqual([]);
  });

  it('would be found there: the search sees what is planted', async () => {
    const { databaseUrl, s3 } = loadConfig(useInfrastructure().env);
    const { rows } = await world.db.query<{ name: string }>('SELECT current_database() AS name');
    const url = new URL(databaseUrl);
    url.pathname = `/${rows[0]?.name ?? ''}`;
    await world.db.query('CREATE TABLE planted AS SELECT $1::jsonb AS data', [
      JSON.stringify({ a: [CANARY] }),
    ]);
    const { digest } = await world.store.putJson({ note: `the key is ${CANARY}` });
    expect(await leaksOfDatabase(url.href, search)).toEqual([
      { secret: 'canary', place: 'table public.planted' },
    ]);
    const found = await leaksOfBucket({ ...s3, bucket: world.bucket }, world.directory, search);
    expect(found.map((leak) => leak.place)).toEqual([expect.stringContaining(digest)]);
  });
});

describe('a service that is away or refuses', () => {
  const endpoint = () => `http://127.0.0.1:${String(closedPort)}`;
  const message = {
    notice: {
      model: 'm',
      environment: 'test',
      key: 'k',
      thread: 't',
      kind: 'incident_opened' as const,
      severity: 'critical' as const,
      title: 't',
      text: 't',
      facts: {},
      actions: [],
      escalate: false,
    },
    links: [],
    recipient: 'leaks-nobody@example.com',
    thread: null,
  };

  it('S3: shows no key', async () => {
    const credentials = { accessKeyId: `${CANARY}-id`, secretAccessKey: CANARY };
    for (const at of [endpoint(), useInfrastructure().env['S3_ENDPOINT'] ?? '']) {
      const client = createS3Client({ endpoint: at, region: 'us-east-1', credentials });
      const bucket = await freshBucket();
      const store = createArtifactStore({ client, bucket, cacheDirectory: '/tmp/perennial-leaks-cache' });
      expect(await leaksOfFailure(() => store.putBytes(Buffer.from('x')))).toEqual([]);
      client.destroy();
    }
  });

  it('PostgreSQL: shows no password', async () => {
    const host = new URL(useInfrastructure().env['DATABASE_URL'] ?? '').host;
    for (const at of [host, `127.0.0.1:${String(closedPort)}`]) {
      const db = openDatabase(`postgres://postgres:${CANARY}@${at}/perennial`, () => undefined, {
        poolSize: 1,
      });
      expect(await leaksOfFailure(() => db.query('SELECT 1'))).toEqual([]);
      await db.end();
    }
  });

  it('mail: shows no password', async () => {
    const known = new URL(useInfrastructure().env['SMTP_URL'] ?? 'smtp://127.0.0.1:1').host;
    for (const at of [known, `127.0.0.1:${String(closedPort)}`]) {
      const smtpUrl = `smtp://perennial:${CANARY}@${at}`;
      const channel = createEmailChannel({ smtpUrl, ca: undefined, from: 'Perennial <p@example.com>' });
      expect(await leaksOfFailure(() => channel.send(message))).toEqual([]);
    }
  });

  it('Slack: shows no token', async () => {
    for (const apiUrl of [`${useInfrastructure().sinksUrl}/slack/api/`, `${endpoint()}/api/`]) {
      const channel = createSlackChannel({ botToken: `xoxb-${CANARY}`, apiUrl });
      expect(await leaksOfFailure(() => channel.send({ ...message, recipient: '#leaks' }))).toEqual([]);
    }
  });

  it('a configuration that is wrong: shows no value', async () => {
    const bad = { ...useInfrastructure().env, DATABASE_URL: CANARY, SMTP_URL: `ftp://u:${CANARY}@h` };
    const load = () =>
      Promise.resolve().then(() => loadConfig({ ...bad, PERENNIAL_WEBHOOK_SECRETS: CANARY }));
    expect(await leaksOfFailure(load)).toEqual([]);
  });
});

describe('a trainer that shows what it may see', () => {
  let world: TrainingWorld;
  beforeAll(async () => {
    world = await TrainingWorld.open();
  });
  afterAll(async () => {
    await world.db.end();
    rmSync(world.dataDir, { recursive: true, force: true });
  });

  it.each([
    ['prints its environment and fails', 'import os, sys; print(os.environ, file=sys.stderr); sys.exit(1)'],
    ['raises it', 'import os; raise ValueError(os.environ["ALLOWED_TOKEN"])'],
    [
      'writes it into a wrong result',
      'import json, os; d = json.load(open(os.environ["PERENNIAL_INPUT"]))["outputDir"]; open(d + "/result.json", "w").write(os.environ["ALLOWED_TOKEN"])',
    ],
  ])('leaves no secret when it %s', async (_, script) => {
    const run = await world.newRun({
      parameters: {},
      command: ['python', '-c', script],
      environment: ['ALLOWED_TOKEN'],
    });
    const environment = { PATH: TRAINER_PATH, ALLOWED_TOKEN: CANARY };
    expect(await leaksOfFailure(() => train(world, run, undefined, { environment }))).toEqual([]);
    const { rows } = await world.db.query('SELECT r::text FROM runs r');
    expect(search.inValue(rows, 'runs')).toEqual([]);
    expect(search.inFolder(world.dataDir)).toEqual([]);
  });
});

it('the search finds what histories hold, in whichever namespace, and behind schedules', async () => {
  const { address, namespace, stop } = await startTemporal();
  const settings = { address, namespace, tls: false, apiKey: undefined };
  const connection = await connectTemporal(settings);
  try {
    await expect(leaksOfHistories(settings, search)).rejects.toThrow('no history');
    await prepareNamespace(connection, 'another');
    const start = (client: Client, workflowId: string, ...args: string[]) =>
      client.workflow.start('nobodyRuns', { workflowId, taskQueue: 'nobody', args });
    await start(new Client({ connection, namespace }), 'clean');
    const another = new Client({ connection, namespace: 'another' });
    await start(another, 'planted', `password=${CANARY}`);
    await another.schedule.create({
      scheduleId: 'planted-too',
      spec: { intervals: [{ every: '1 day' }] },
      action: { type: 'startWorkflow', workflowType: 'nobodyRuns', taskQueue: 'nobody', args: [CANARY] },
    });
    const places = async () => (await leaksOfHistories(settings, search)).map(({ place }) => place);
    await expect
      .poll(places, { timeout: 120_000, interval: 500 })
      .toEqual(
        expect.arrayContaining([
          'history of planted in another',
          expect.stringMatching(/planted-too in another$/),
        ]),
      );
  } finally {
    await connection.close();
    await stop();
  }
});

it('every secret of a configuration is known to be masked', () => {
  const config = loadConfig({
    TEMPORAL_ADDRESS: '127.0.0.1:7233',
    TEMPORAL_API_KEY: 'canary-temporal',
    DATABASE_URL: 'postgres://u:canary%2Fdatabase@h/d',
    S3_ACCESS_KEY_ID: 'canary-s3-id',
    S3_SECRET_ACCESS_KEY: 'canary-s3-key',
    SMTP_URL: 'smtp://u:canary-smtp@h',
    SLACK_BOT_TOKEN: 'canary-slack',
    PERENNIAL_LINK_SECRET: 'canary-link-secret',
    PERENNIAL_WEBHOOK_SECRETS: '{"ci":"canary-webhook-secret"}',
  });
  const wanted = ['temporal', 's3-id', 's3-key', 'smtp', 'slack', 'link-secret', 'webhook-secret'];
  expect(secretsOf(config)).toEqual(expect.arrayContaining(wanted.map((name) => `canary-${name}`)));
  expect(secretsOf(config)).toEqual(expect.arrayContaining(['canary%2Fdatabase', 'canary/database']));
});
