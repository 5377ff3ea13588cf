// `npm run check`: format, lint, types, boundaries and dead code, two at a time. What fails shows its output;
// every part runs to its end, so that one run names everything that is wrong.
import { spawn } from 'node:child_process';
import { ROOT } from './setup-step.mjs';

/** The longest first: the other lane does the rest meanwhile. */
const PARTS = ['lint', 'format:check', 'types', 'boundaries', 'deadcode'];
const LANES = 2;

function runPart(part) {
  const startedAt = performance.now();
  const child = spawn('npm', ['run', '--silent', part], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.log(`${code === 0 ? '✓' : '✗'} ${part} (${seconds} s)`);
      if (code !== 0) process.stdout.write(Buffer.concat(output));
      resolve(code === 0);
    });
  });
}

const waiting = [...PARTS];
let passed = true;
async function lane() {
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    passed = (await runPart(part)) && passed;
  }
}
await Promise.all(Array.from({ length: LANES }, lane));
process.exit(passed ? 0 : 1);
