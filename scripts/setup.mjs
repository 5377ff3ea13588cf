// Prepares a checkout: `node scripts/setup.mjs [--deep] [--quiet]`. Installs the npm packages and the Python
// environment (.venv) only when they are missing or out of date. Plain Node without dependencies, safe to run
// twice, at once, as root, and after being killed half-way: what is complete carries a stamp, written last.
import { createHash } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NPM_STAMP = join(ROOT, 'node_modules', '.perennial-stamp.json');
const VENV = join(ROOT, '.venv');
const VENV_PYTHON = join(VENV, 'bin', 'python');
const VENV_STAMP = join(VENV, '.perennial-stamp.json');
const LOG_DIR = join(ROOT, '.perennial', 'logs');
const LOCK = join(ROOT, '.perennial', 'setup.lock');
const GIB = 1024 ** 3;
const SPACE_NEEDED = { npm: 1.2 * GIB, venv: 1.6 * GIB, deep: 8 * GIB };
const OLDEST_NODE = [20, 3];
const OLDEST_PYTHON = [3, 10];
const LOCK_POLL_MS = 500;

/** A failure that the reader can mend: shown as one line, without a stack. */
class SetupFailure extends Error {}

const isOlder = ([major, minor], [wantedMajor, wantedMinor]) =>
  major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
const sha256 = (...parts) => createHash('sha256').update(parts.join('\0')).digest('hex');
const read = (path) => fs.readFileSync(join(ROOT, path), 'utf8');

function readStamp(path) {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}

function checkNode() {
  if (isOlder(process.versions.node.split('.').map(Number), OLDEST_NODE)) {
    throw new SetupFailure(
      `Node ${process.versions.node} is too old: Perennial needs Node >= ${OLDEST_NODE.join('.')}. Install a current LTS release and run this again.`,
    );
  }
}

function checkSpace(kind) {
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

function run(tool, command, args, options) {
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

async function ensureNpm(say) {
  const stamp = { lock: sha256(read('package-lock.json')), platform: `${process.platform}-${process.arch}` };
  const present = readStamp(NPM_STAMP);
  if (present.lock === stamp.lock && present.platform === stamp.platform) return;
  checkSpace('npm');
  say('Installing the npm packages (about 20 s) ...');
  // No package of ours needs an install script, and some scripts fetch from hosts a closed network does not have.
  await run('npm', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  fs.writeFileSync(NPM_STAMP, JSON.stringify(stamp));
}

function findPython() {
  const names = [
    process.env.PYTHON,
    'python3',
    ...['3.14', '3.13', '3.12', '3.11', '3.10'].map((v) => `python${v}`),
  ];
  const seen = [];
  for (const name of names.filter(Boolean)) {
    try {
      const probe = 'import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)';
      const [major, minor, ...path] = execFileSync(name, ['-c', probe], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
        .trim()
        .split(' ');
      seen.push(`${name} is ${major}.${minor}`);
      if (!isOlder([Number(major), Number(minor)], OLDEST_PYTHON)) {
        return { path: path.join(' '), version: `${major}.${minor}` };
      }
    } catch {
      // Not there, or not a Python: the next name is tried.
    }
  }
  const found = seen.length > 0 ? `too old (${seen.join(', ')})` : 'not found';
  throw new SetupFailure(
    `Python ${found}: Perennial needs Python >= ${OLDEST_PYTHON.join('.')} with venv (Debian/Ubuntu: apt install python3 python3-venv; macOS: brew install python), or PYTHON=/path/to/python3.`,
  );
}

async function makeVenv(python) {
  try {
    execFileSync(python.path, ['-c', 'import venv, ensurepip'], { stdio: 'ignore' });
  } catch {
    throw new SetupFailure(
      `Python ${python.version} at ${python.path} has no venv module. Install it (Debian/Ubuntu: apt install python3-venv; Fedora: dnf install python3-pip) and run this again.`,
    );
  }
  fs.rmSync(VENV, { recursive: true, force: true });
  await run('venv', python.path, ['-m', 'venv', VENV]);
}

function venvRuns(version) {
  try {
    const probe = 'import sys, pip; print("%d.%d" % sys.version_info[:2])';
    return (
      execFileSync(VENV_PYTHON, ['-c', probe], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() === version
    );
  } catch {
    return false;
  }
}

async function pipInstall(group) {
  const env = {
    ...process.env,
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_ROOT_USER_ACTION: 'ignore',
    PIP_NO_INPUT: '1',
  };
  for (const name of [
    'PIP_USER',
    'PIP_TARGET',
    'PIP_PREFIX',
    'PIP_REQUIRE_VIRTUALENV',
    'PYTHONHOME',
    'PYTHONPATH',
  ])
    delete env[name];
  const strict = ['--no-deps', '--require-hashes', '--only-binary=:all:'];
  await run(
    'pip',
    VENV_PYTHON,
    ['-m', 'pip', 'install', ...strict, '-r', join('requirements', `${group}.txt`)],
    { env },
  );
}

function checkTrainers() {
  try {
    execFileSync(
      VENV_PYTHON,
      ['-c', 'import numpy, scipy, sklearn, xgboost, onnx, onnxmltools, skl2onnx, pyarrow'],
      {
        stdio: 'pipe',
      },
    );
  } catch (error) {
    const lines = String(error.stderr).trim().split('\n');
    const mend = /libomp/.test(String(error.stderr))
      ? 'Install OpenMP (brew install libomp)'
      : 'Remove .venv';
    throw new SetupFailure(`The Python packages do not load: ${lines.at(-1)}. ${mend} and run this again.`);
  }
}

async function ensurePython(say, deep) {
  const present = readStamp(VENV_STAMP);
  const base = sha256(read('requirements/base.txt'));
  const deepHash = deep || present.deep ? sha256(read('requirements/deep.txt')) : null;
  if (present.base === base && present.deep === deepHash && venvRuns(present.python)) return;
  const python = findPython();
  checkSpace(deepHash ? 'deep' : 'venv');
  fs.rmSync(VENV_STAMP, { force: true });
  if (!venvRuns(python.version)) await makeVenv(python);
  say('Installing the Python environment (about 40 s) ...');
  await pipInstall('base');
  checkTrainers();
  if (deepHash) {
    say('Installing PyTorch (several minutes) ...');
    await pipInstall('deep');
  }
  fs.writeFileSync(VENV_STAMP, JSON.stringify({ base, deep: deepHash, python: python.version }));
}

function holderIsAlive() {
  try {
    process.kill(Number(fs.readFileSync(LOCK, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** One set-up at a time in a checkout; the lock of a killed one is taken over. */
async function withLock(say, work) {
  fs.mkdirSync(dirname(LOCK), { recursive: true });
  for (let told = false; ;) {
    try {
      fs.writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!holderIsAlive()) fs.rmSync(LOCK, { force: true });
      else if (!told) {
        told = true;
        say('Another set-up of this checkout is running; waiting for it ...');
      }
      await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    }
  }
  try {
    return await work();
  } finally {
    fs.rmSync(LOCK, { force: true });
  }
}

/** Makes node_modules and .venv fit the locks; throws an Error whose message is the one line to show. */
export async function ensureSetup({ deep = false, quiet = false } = {}) {
  const say = (line) => void (quiet || console.log(line));
  checkNode();
  try {
    await withLock(say, async () => {
      await ensureNpm(say);
      await ensurePython(say, deep);
    });
  } catch (error) {
    if (error instanceof SetupFailure) throw error;
    const cause = CAUSES.find(([pattern]) => pattern.test(`${error.code} ${error.message}`));
    throw new SetupFailure(cause ? cause[1]('set-up') : `Set-up failed: ${error.message}`);
  }
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const unknown = process.argv.slice(2).filter((argument) => !['--deep', '--quiet'].includes(argument));
  try {
    if (unknown.length > 0) {
      throw new SetupFailure(
        `Unknown option ${unknown[0]}. Usage: node scripts/setup.mjs [--deep] [--quiet]`,
      );
    }
    await ensureSetup({ deep: process.argv.includes('--deep'), quiet: process.argv.includes('--quiet') });
  } catch (error) {
    console.error(`perennial set-up: ${error instanceof SetupFailure ? error.message : error.stack}`);
    process.exitCode = 1;
  }
}
