import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { PerennialError } from '../errors/define-error.ts';
import { STACK_START_FAILED } from '../errors/platform-errors.ts';
import { findPostgres } from './binaries.ts';
import { LOOPBACK } from './ports.ts';
import { baseEnvironment } from './service.ts';
import type { Service } from './service.ts';

const DATABASE_NAME = 'perennial';
const SUPERUSER = 'postgres';
const MAX_CONNECTIONS = 200;
const NOBODY = 65_534;
const CONNECT_TIMEOUT_MS = 2_000;

/**
 * PostgreSQL refuses to run as root. As root it runs as `nobody` and keeps just the right to pass closed
 * folders, so that a checkout under a home of mode 0700 works too.
 */
const AS_NOBODY = [
  `--reuid=${String(NOBODY)}`,
  `--regid=${String(NOBODY)}`,
  '--clear-groups',
  '--securebits',
  '+no_setuid_fixup',
  '--inh-caps=+dac_override',
  '--ambient-caps=+dac_override',
] as const;

const isRoot = (): boolean => process.getuid?.() === 0;

export interface PostgresSettings {
  readonly dataDir: string;
  readonly port: number;
  readonly password: string;
  /**
   * False for tests: the disk is not waited for, which only a crash of the machine could notice. Commits still reach
   * the operating system (synchronous_commit stays on): a killed server loses nothing.
   */
  readonly durable: boolean;
}

export function postgresUrl(settings: PostgresSettings, database = DATABASE_NAME): string {
  return `postgres://${SUPERUSER}:${settings.password}@${LOOPBACK}:${String(settings.port)}/${database}`;
}

export function postgresService(settings: PostgresSettings): Service {
  const native = findPostgres();
  const cluster = join(settings.dataDir, 'postgres');
  const env = { ...baseEnvironment(), ...linkLibraries(native, join(settings.dataDir, 'postgres-lib')) };
  const options = {
    listen_addresses: LOOPBACK,
    unix_socket_directories: '',
    max_connections: String(MAX_CONNECTIONS),
    shared_buffers: '64MB',
    ...(settings.durable ? {} : { fsync: 'off', full_page_writes: 'off', max_prepared_transactions: '2' }),
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return {
    name: 'postgres',
    command: join(native, 'bin', 'postgres'),
    args: ['-D', cluster, '-p', String(settings.port), ...flags],
    env,
    cwd: settings.dataDir,
    stopSignal: 'SIGINT',
    stopTimeoutMs: 15_000,
    // An immediate shutdown: the postmaster takes its children along, and the next start replays the log.
    deathSignal: 'SIGQUIT',
    ...(isRoot() ? { setpriv: AS_NOBODY } : {}),
    prepare: () => {
      createCluster(native, cluster, settings.password, env);
      removeStalePidFile(cluster);
    },
    check: () => query(postgresUrl(settings, 'postgres'), 'select 1').then(() => undefined),
    afterReady: () => createDatabase(settings, DATABASE_NAME),
  };
}

const PROTECTED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);
const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * npm packages hold no symbolic links, and install scripts, which would make them, are not run. Where the package
 * belongs to another user, the links go to `ownFolder` and the loader is told to look there.
 * @returns what the environment of the programs needs.
 */
function linkLibraries(native: string, ownFolder: string): Record<string, string> {
  const links = Links.parse(JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')));
  try {
    for (const { source, target } of links) link(basename(source), join(dirname(native), target));
    return {};
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && PROTECTED.has(String(error.code)))) throw error;
  }
  mkdirSync(ownFolder, { recursive: true, mode: 0o700 });
  for (const { source, target } of links)
    link(join(dirname(native), source), join(ownFolder, basename(target)));
  const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  return { [variable]: [ownFolder, join(native, 'lib')].join(':') };
}

function link(to: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  try {
    symlinkSync(to, path);
  } catch (error) {
    // Another start in the same checkout was faster.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** Made under another name and renamed when whole, so that a kill half-way leaves nothing that looks like a cluster. */
function createCluster(
  native: string,
  cluster: string,
  password: string,
  env: Readonly<Record<string, string>>,
): void {
  if (existsSync(cluster)) return;
  const draft = `${cluster}.draft`;
  const passwordFile = `${cluster}.password`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (isRoot()) for (const path of [draft, passwordFile]) chownSync(path, NOBODY, NOBODY);
  const initdb = join(native, 'bin', 'initdb');
  const args = ['-D', draft, '-U', SUPERUSER, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
  const flags = ['-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  const [command, prefix] = isRoot() ? ['setpriv', [...AS_NOBODY, '--', initdb]] : [initdb, []];
  const { status, stderr, error } = spawnSync(command, [...prefix, ...args, ...flags], {
    encoding: 'utf8',
    env: { ...env },
    cwd: dirname(cluster),
  });
  rmSync(passwordFile, { force: true });
  if (status !== 0) {
    const reason = error?.message ?? stderr.trim();
    const text = `The PostgreSQL data directory ${cluster} could not be made: ${reason}`;
    throw new PerennialError(STACK_START_FAILED, text);
  }
  renameSync(draft, cluster);
}

/**
 * After a kill the pid file stays, and its pid may by now belong to another program of this user, at which
 * PostgreSQL would refuse to start. The stack lock is held here, so the file is stale unless that process serves this cluster.
 */
function removeStalePidFile(cluster: string): void {
  const path = join(cluster, 'postmaster.pid');
  if (!existsSync(path)) return;
  const pid = readFileSync(path, 'utf8').split('\n')[0] ?? '';
  if (!commandLineOf(pid).includes(basename(dirname(cluster)))) rmSync(path, { force: true });
}

function commandLineOf(pid: string): string {
  if (process.platform !== 'linux')
    return spawnSync('ps', ['-o', 'command=', '-p', pid], { encoding: 'utf8' }).stdout;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** One statement on a connection of its own. */
async function query(connectionString: string, sql: string, values: unknown[] = []): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A server that is killed just now ends idle connections with an `error` event; the query fails by itself.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.query(sql, values);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Makes an empty database unless there is one of that name. */
async function createDatabase(settings: PostgresSettings, name: string): Promise<void> {
  const admin = postgresUrl(settings, 'postgres');
  const { rowCount } = await query(admin, 'select 1 from pg_database where datname = $1', [name]);
  if (rowCount === 0) await query(admin, `create database ${pg.escapeIdentifier(name)}`);
}
