// Prepares a checkout: `node scripts/setup.mjs [--deep] [--quiet]`. Installs the npm packages and the Python
// environment (.venv) only when they are missing or out of date. Plain Node without dependencies, safe to run
// twice, at once, as root, and after being killed half-way: what is complete carries a stamp, written last.
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePython } from './setup-python.mjs';
import { checkSpace, failureOf, isOlder, read, readStamp, ROOT, run, SetupFailure } from './setup-step.mjs';

const NPM_INSTALLED = join(ROOT, 'node_modules', '.package-lock.json');
const LOCK = join(ROOT, '.perennial', 'setup.lock');
const OLDEST_NODE = [20, 3];
const LOCK_POLL_MS = 500;

function checkNode() {
  if (isOlder(process.versions.node.split('.').map(Number), OLDEST_NODE)) {
    throw new SetupFailure(
      `Node ${process.versions.node} is too old: Perennial needs Node >= ${OLDEST_NODE.join('.')}. Install a current LTS release and run this again.`,
    );
  }
}

/** npm lists in this file what it has installed, and writes it last. Other platforms' packages are absent from it. */
function npmIsUpToDate() {
  const installed = readStamp(NPM_INSTALLED).packages ?? {};
  const wanted = Object.entries(JSON.parse(read('package-lock.json')).packages).filter(
    ([path]) => path !== '',
  );
  return wanted.every(([path, entry]) =>
    installed[path] === undefined ? entry.optional === true : installed[path].version === entry.version,
  );
}

async function ensureNpm(say) {
  if (fs.existsSync(NPM_INSTALLED) && npmIsUpToDate()) return;
  checkSpace('npm');
  say('Installing the npm packages (about 20 s) ...');
  // No package of ours needs an install script, and some scripts fetch from hosts a closed network does not have.
  await run('npm', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
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
    throw error instanceof SetupFailure ? error : failureOf(error);
  }
}

/** `ensureSetup` for programs: a failure is one line on stderr and exit code 1. */
export async function setupOrExit(options) {
  try {
    await ensureSetup(options);
  } catch (error) {
    console.error(`perennial set-up: ${error instanceof SetupFailure ? error.message : error.stack}`);
    process.exit(1);
  }
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const unknown = process.argv.slice(2).find((argument) => !['--deep', '--quiet'].includes(argument));
  if (unknown !== undefined) {
    console.error(
      `perennial set-up: unknown option ${unknown}. Usage: node scripts/setup.mjs [--deep] [--quiet]`,
    );
    process.exit(1);
  }
  await setupOrExit({ deep: process.argv.includes('--deep'), quiet: process.argv.includes('--quiet') });
}
