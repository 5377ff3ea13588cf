/**
 * The servers behind every integration test, started once for each run: PostgreSQL, S3 and the mail and Slack
 * sinks (real ones, on loopback, in a temporary folder). Vitest's project `integration` names this file as its
 * globalSetup; tests import from it:
 *
 *   const { env } = useInfrastructure();          // the variables of src/platform/config.ts, for loadConfig(env)
 *   const databaseUrl = await freshDatabase();    // an empty database of this test file; run the migrations on it
 *   const bucket = await freshBucket();           // an empty bucket; endpoint and keys are in env
 *   const temporal = await startTemporal();       // a Temporal server of this file, 1 s: { address, namespace, stop }
 *   const inbox = await readMails();              // what the mail sink got; filter by your own recipient
 *   const messages = await readSlack();           // what the Slack sink got; filter by your own channel
 *
 * Mail and Slack are shared by all files of a run, so use a recipient and a channel of your own.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import pg from 'pg';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import type { StoredMail } from '../../src/embedded/mail-sink.ts';
import { startSinks } from '../../src/embedded/sinks.ts';
import { sinksOptions } from '../../src/embedded/sinks-service.ts';
import type { StoredSlackMessage } from '../../src/embedded/slack-sink.ts';
import { startInfrastructure } from '../../src/embedded/stack.ts';
import { loadStackState } from '../../src/embedded/stack-state.ts';

export interface SharedInfrastructure {
  readonly env: Readonly<Record<string, string>>;
  /** Base address of the sinks' pages and JSON. */
  readonly sinksUrl: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    infrastructure: SharedInfrastructure;
  }
}

/** Vitest's globalSetup: starts everything, and returns what stops it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'perennial-test-'));
  const stack = await startInfrastructure({ dataDir, services: ['postgres', 's3'], durable: false });
  const { ports, credentials } = loadStackState(dataDir);
  const sinksPorts = { 'sinks-smtp': ports['sinks-smtp'] ?? 0, 'sinks-http': ports['sinks-http'] ?? 0 };
  const slackToken = credentials.slackBotToken;
  // In this process, so that a single test file can be run without a build.
  const sinks = await startSinks(sinksOptions({ dataDir, ports: sinksPorts, ...credentials, slackToken }));
  project.provide('infrastructure', {
    env: stack.env,
    sinksUrl: `http://127.0.0.1:${String(sinksPorts['sinks-http'])}`,
  });
  return async () => {
    await sinks.close();
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}

export function useInfrastructure(): SharedInfrastructure {
  return inject('infrastructure');
}

const freshName = (): string => `test-${randomBytes(6).toString('hex')}`;

/** Makes an empty database. @returns its URL */
export async function freshDatabase(): Promise<string> {
  const url = new URL(useInfrastructure().env['DATABASE_URL'] ?? '');
  const name = freshName();
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(`create database ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  url.pathname = `/${name}`;
  return url.href;
}

/** Makes an empty bucket. @returns its name */
export async function freshBucket(): Promise<string> {
  const { env } = useInfrastructure();
  const client = new S3Client({
    endpoint: env['S3_ENDPOINT'] ?? '',
    region: env['S3_REGION'] ?? '',
    forcePathStyle: true,
    credentials: {
      accessKeyId: env['S3_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: env['S3_SECRET_ACCESS_KEY'] ?? '',
    },
  });
  const name = freshName();
  try {
    await client.send(new CreateBucketCommand({ Bucket: name }));
  } finally {
    client.destroy();
  }
  return name;
}

export interface TestTemporal {
  readonly address: string;
  readonly namespace: string;
  readonly stop: () => Promise<void>;
}

/** A real Temporal server for one test file; its search attributes are registered. */
export async function startTemporal(): Promise<TestTemporal> {
  const dataDir = mkdtempSync(join(tmpdir(), 'perennial-temporal-'));
  const stack = await startInfrastructure({ dataDir, services: ['temporal'], durable: false });
  return {
    address: stack.env['TEMPORAL_ADDRESS'] ?? '',
    namespace: stack.env['TEMPORAL_NAMESPACE'] ?? '',
    stop: async () => {
      await stack.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function readJson<T>(path: string): Promise<T> {
  const response = await fetch(`${useInfrastructure().sinksUrl}${path}`);
  return (await response.json()) as T;
}

/** Every mail that the sink got in this run, oldest first. */
export const readMails = (): Promise<StoredMail[]> => readJson('/mail/messages');

/** Every message that the Slack sink got in this run, oldest first. */
export const readSlack = (): Promise<StoredSlackMessage[]> => readJson('/slack/messages');
