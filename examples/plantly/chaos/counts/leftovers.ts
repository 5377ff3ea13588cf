import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Count } from './aftermath.ts';

/** Half-written files and scratch folders. `.partial-` blobs of a killed process are removed after a day. */
const TEMPORARY = /\.(part|tmp|claim|open\.ndjson|sealed\.ndjson)$|^duckdb-|^stack\.lock$|^pids\.json$/;

/** What a stopped stack must not leave: processes, temporary files, locks, unshipped log. */
export function countLeftovers(folders: readonly string[]): Count[] {
  const files = folders.flatMap((folder) => temporaryFiles(folder).map((file) => relative(folder, file)));
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

/** Processes that were started with one of the folders in their command line or environment. */
function processesOf(folders: readonly string[]): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        const ours = folders.some((folder) => command.includes(folder) || environment.includes(folder));
        return ours ? [`${pid} ${command.slice(0, 60)}`] : [];
      } catch {
        return [];
      }
    });
}
