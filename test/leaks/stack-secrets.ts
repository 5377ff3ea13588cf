import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { Client } from '@temporalio/client';
import type { Connection } from '@temporalio/client';
import pg from 'pg';
import { createS3Client } from '../../src/artifacts/s3-client.ts';
import { withDuckDb } from '../../src/data/duckdb.ts';
import { quoteValue } from '../../src/data/sql-text.ts';
import { startInfrastructure } from '../../src/embedded/stack.ts';
import { loadStackState } from '../../src/embedded/stack-state.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { PRIVATE_FILES } from '../../src/platform/private-files.ts';
import { connectTemporal } from '../../src/platform/temporal-connection.ts';
import type { Leak, Secret, SecretSearch } from './secret-search.ts';

/** Files of a local stack that may hold secrets; the sinks' are the other side's: the mail server and Slack. */
const MAY_HOLD_SECRETS = [...PRIVATE_FILES, 'sinks/settings.json'];
/** Their servers answer for what is in these; the cache holds copies of objects. */
const FOLDERS_OF_SERVERS = ['postgres', 's3', 'cache'];
/** Names that servers write into their logs, as they do with the names of users. */
const NO_SECRETS = ['smtpUser', 's3AccessKeyId'];

/** Every secret that a stack made for itself, and the tokens that it wrote down. */
export function secretsOfStack(dataDir: string): Secret[] {
  const { credentials } = loadStackState(dataDir);
  const own = Object.entries(credentials).filter(([name]) => !NO_SECRETS.includes(name));
  const read = (name: string) =>
    existsSync(join(dataDir, name)) ? readFileSync(join(dataDir, name), 'utf8').trim() : '';
  const local = read('cli.json');
  const token = local === '' ? '' : (JSON.parse(local) as { token: string }).token;
  return [
    ...own.map(([name, text]) => ({ name, text })),
    { name: 'token of cli.json', text: token },
    { name: 'token of admin-token', text: read('admin-token') },
  ];
}

/**
 * Searches all that a stack which has stopped left: its files as they lie there, and what its servers answer from
 * theirs, as servers compress. Starts them for that time.
 */
export async function leaksOfStack(
  dataDir: string,
  environment: string,
  search: SecretSearch,
  mayHoldSecrets: readonly string[] = [],
): Promise<Leak[]> {
  const except = [...MAY_HOLD_SECRETS, ...FOLDERS_OF_SERVERS, ...mayHoldSecrets];
  const lying = search.inFolder(dataDir, except);
  const stack = await startInfrastructure({
    dataDir,
    environment,
    services: ['postgres', 's3', 'temporal'],
  });
  try {
    const config = loadConfig(stack.env);
    return [
      ...lying,
      ...(await leaksOfDatabase(config.databaseUrl, search)),
      ...(await leaksOfBucket(config.s3, dataDir, search)),
      ...(await leaksOfHistories(config.temporal, search)),
    ];
  } finally {
    await stack.stop();
  }
}

/** Every row of every table, as text. */
export async function leaksOfDatabase(url: string, search: SecretSearch): Promise<Leak[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const leaks: Leak[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      leaks.push(...search.inBytes(Buffer.from(rows.map((row) => row.text).join('\n')), `table ${name}`));
    }
    return leaks;
  } finally {
    await client.end();
  }
}

/** Every object, and of Parquet every value. */
export async function leaksOfBucket(
  settings: Parameters<typeof createS3Client>[0] & { readonly bucket: string },
  scratch: string,
  search: SecretSearch,
): Promise<Leak[]> {
  const client = createS3Client(settings);
  const leaks: Leak[] = [];
  try {
    let ContinuationToken: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket: settings.bucket, ContinuationToken }),
      );
      for (const { Key = '' } of page.Contents ?? []) {
        const object = await client.send(new GetObjectCommand({ Bucket: settings.bucket, Key }));
        const bytes = Buffer.from((await object.Body?.transformToByteArray()) ?? []);
        const text = isParquet(bytes) ? await parquetText(bytes, scratch) : bytes;
        leaks.push(...search.inBytes(text, `object ${Key}`));
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  } finally {
    client.destroy();
  }
  return leaks;
}

const isParquet = (bytes: Buffer): boolean => bytes.subarray(0, 4).toString('latin1') === 'PAR1';

async function parquetText(bytes: Buffer, directory: string): Promise<Buffer> {
  return withDuckDb({ directory: join(directory, 'search') }, async (session) => {
    const path = join(session.directory, 'object.parquet');
    writeFileSync(path, bytes);
    const target = join(session.directory, 'object.ndjson');
    await session.run(`COPY (FROM read_parquet(${quoteValue(path)})) TO ${quoteValue(target)} (FORMAT json)`);
    return readFileSync(target);
  });
}

/** What is listed, and what Temporal lists only when asked for: the workflows behind its schedules. */
const EVERY_WORKFLOW = ['', 'TemporalNamespaceDivision IS NOT NULL'];

/** Every event of every workflow of every namespace that the server has, its payloads decoded. */
export async function leaksOfHistories(
  settings: Parameters<typeof connectTemporal>[0],
  search: SecretSearch,
): Promise<Leak[]> {
  const connection = await connectTemporal(settings);
  const leaks: Leak[] = [];
  const searched = new Map<string, number>();
  try {
    for (const namespace of await namespacesOf(connection)) {
      const { workflow } = new Client({ connection, namespace });
      for (const query of EVERY_WORKFLOW)
        for await (const { workflowId, runId } of workflow.list({ query })) {
          const history = await workflow.getHandle(workflowId, runId).fetchHistory();
          searched.set(namespace, (searched.get(namespace) ?? 0) + 1);
          const parts: Buffer[] = [];
          collectBytes(history.events, parts);
          leaks.push(...search.inBytes(Buffer.concat(parts), `history of ${workflowId} in ${namespace}`));
        }
    }
  } finally {
    await connection.close();
  }
  if (!searched.has(settings.namespace))
    throw new Error(`Temporal has no history in ${settings.namespace}, so that nothing was searched`);
  return leaks;
}

async function namespacesOf(connection: Connection): Promise<string[]> {
  const names: string[] = [];
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await connection.workflowService.listNamespaces({
      pageSize: 100,
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    });
    for (const { namespaceInfo } of page.namespaces) if (namespaceInfo?.name) names.push(namespaceInfo.name);
    nextPageToken = page.nextPageToken.length > 0 ? page.nextPageToken : undefined;
  } while (nextPageToken !== undefined);
  return names;
}

/** Texts and payloads at any depth, each on a line. */
function collectBytes(value: unknown, parts: Buffer[]): void {
  if (typeof value === 'string') parts.push(Buffer.from(`${value}\n`));
  else if (value instanceof Uint8Array) parts.push(Buffer.from(value), Buffer.from('\n'));
  else if (typeof value === 'object' && value !== null)
    for (const part of Object.values(value)) collectBytes(part, parts);
}
