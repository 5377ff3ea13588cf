import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Count } from './aftermath.ts';

/** Half-written files and scratch folders. `.partial-` blobs of a killed process are removed after a day. */
const TEMPORARY =
  /\.(part|tmp|claim|open\.ndjson|sealed\.ndjson|(requests|items|outcomes)\.parquet)$|^duckdb-|^stack\.lock$|^pids\.json$/;
/** Below the data directory: the folders of attempts to train, and what the product takes for the system's own. */
const EMPTY_WHEN_STOPPED = ['runs', 'tmp'];

/** What a stopped stack must not leave: processes, temporary files, locks, unshipped log. */
export function countLeftovers(dataDir: string, others: readonly string[] = []): Count[] {
  const folders = [dataDir, ...others];
  const files = [
    ...folders.flatMap((folder) => temporaryFiles(folder).map((file) => relative(folder, file))),
    ...EMPTY_WHEN_STOPPED.flatMap((name) => entriesOf(join(dataDir, name)).map((file) => join(name, file))),
  ];
  const processes = processesOf(folders);
  return [
    {
      promise: 'leftovers: no temporary file and no lock',
      ok: files.length === 0,
      seen: `${files.length}${files
        .slice(0, 5)
        .map((file) => ` ${file}`)
        .join('')}`,
    },
    {
      promise: 'leftovers: no orphan process',
      ok: processes.length === 0,
      seen: `${processes.length}${processes
        .slice(0, 5)
        .map((text) => ` ${text}`)
        .join('')}`,
    },
  ];
}

function temporaryFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(
      ({ name, parentPath }) => TEMPORARY.test(name) && !parentPath.startsWith(join(folder, 'postgres')),
    )
    .map(({ name, parentPath }) => join(parentPath, name));
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * Processes that were started with one of the folders in their command line or environment, or write their log there:
 * the product's own wipe their environment.
 */
function processesOf(folders: readonly string[]): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((pid) => {
      const command = traceOf(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      const environment = traceOf(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
      const output = traceOf(() => readlinkSync(`/proc/${pid}/fd/1`));
      const ours = folders.some((folder) =>
        [command, environment, output].some((trace) => trace.includes(folder)),
      );
      return ours ? [`${pid} ${command.slice(0, 60)}`] : [];
    });
}

/** Nothing where the process has ended, or is somebody else's. */
function traceOf(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
