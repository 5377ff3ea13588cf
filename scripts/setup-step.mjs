// What every step of set-up shares: failures of one line, running npm and pip with a log, and disk space.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LOG_DIR = join(ROOT, '.perennial', 'logs');
const GIB = 1024 ** 3;
const SPACE_NEEDED = { npm: 1.2 * GIB, venv: 1.6 * GIB, deep: 8 * GIB };

/** A failure that the reader can mend: shown as one line, without a stack. */
export class SetupFailure extends Error {}

export const isOlder = ([major, minor], [wantedMajor, wantedMinor]) =>
  major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
export const read = (path) => fs.readFileSync(join(ROOT, path), 'utf8');

export function readStamp(path) {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}

export function checkSpace(kind) {
  const { bavail, bsize } = fs.statfsSync(ROOT);
  const free = bavail * bsize;
  if (free < SPACE_NEEDED[kind]) {
    throw new SetupFailure(
      `Disk full: ${ROOT} has ${(free / GIB).toFixed(1)} GiB free and set-up needs ${(SPACE_NEEDED[kind] / GIB).toFixed(1)} GiB. Free some space and run this again.`,
    );
  }
}

/** npm and pip tell these causes only in their output. */
const CAUSES = [
  [
    /ENOSPC|No space left on device|Disk quota exceeded/i,
    () => 'Disk full while installing. Free some space and run this again.',
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network request|NewConnectionError|Max retries exceeded|ReadTimeout|Could not fetch|connection (?:broken|reset)|Name or service not known|ProxyError|SSLError/i,
    (tool) =>
      `The ${tool} package registry could not be reached. Check the network, or the registry and proxy settings of ${tool}, and run this again.`,
  ],
  [
    /THESE PACKAGES DO NOT MATCH THE HASHES|EINTEGRITY/,
    (tool) =>
      `${tool} got a package whose hash differs from the locked one and refused it. Clear the ${tool} cache (or the mirror in between) and run this again.`,
  ],
  [
    /EACCES|EPERM|Permission denied/,
    () => `No permission to write in ${ROOT}. Make the checkout writable for this user and run this again.`,
  ],
  [
    /No matching distribution found|no matching distribution|Could not find a version/i,
    () =>
      `A locked Python package has no wheel for ${process.platform}-${process.arch} with this Python. Use Python 3.10 to 3.14 on Linux (glibc) or macOS.`,
  ],
  [
    /EUSAGE/,
    () => 'package-lock.json does not fit package.json. Run `npm install` once and commit the lock.',
  ],
];

function causeOf(tool, output, logPath) {
  const found = CAUSES.find(([pattern]) => pattern.test(output));
  return found
    ? `${found[1](tool)} (log: ${logPath})`
    : `${tool} failed. The reason stands at the end of ${logPath}.`;
}

/** The line for an error of the file system or of a tool that is not one of its own failures. */
export function failureOf(error) {
  const cause = CAUSES.find(([pattern]) => pattern.test(`${error.code} ${error.message}`));
  return new SetupFailure(cause ? cause[1]('set-up') : `Set-up failed: ${error.message}`);
}

/** Runs a tool to its end with its output in .perennial/logs/setup-<tool>.log. */
export function run(tool, command, args, options) {
  fs.mkdirSync(LOG_DIR, { recursive: true });
  const logPath = join(LOG_DIR, `setup-${tool}.log`);
  return new Promise((resolve, reject) => {
    let output = '';
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const keep = (chunk) => void (output += chunk);
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) =>
      reject(
        new SetupFailure(
          `${tool} could not be started (${error.code}). Install it, put it on PATH and run this again.`,
        ),
      ),
    );
    child.on('close', (code) => {
      try {
        fs.writeFileSync(logPath, output);
      } catch {
        // A full disk must not hide the cause, which is in `output`.
      }
      if (code === 0) resolve();
      else reject(new SetupFailure(causeOf(tool, output, logPath)));
    });
  });
}
