import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { acquireStackLock } from '../../src/embedded/stack-lock.ts';
import { startStack } from '../../src/embedded/stack.ts';
import type { Stack, StackOptions } from '../../src/embedded/stack.ts';

/** The checkout. The compiled file lies one folder deeper, below dist/. */
const HERE = fileURLToPath(new URL('.', import.meta.url));
const CHECKOUT = HERE.includes(`${join('dist', 'examples')}`) ? join(HERE, '../../..') : join(HERE, '../..');

export const MODEL = 'flight-delay';
export const SPEC_FILE = join(CHECKOUT, 'examples/flights/perennial.yaml');
/** State of the story's stack, and its report. */
const DATA_DIR = join(CHECKOUT, '.perennial/flights-demo');
export const REPORT_FILE = join(DATA_DIR, 'report.json');
/** Where the airline's files land. perennial.yaml names it. */
export const LANDED_DIR = join(CHECKOUT, '.perennial/flights/landed');

/** Starts from nothing: whatever an earlier run left is removed, unless one is still running. */
export async function startFlights(
  options: Pick<StackOptions, 'onEvent' | 'signal' | 'outerEnv'>,
): Promise<Stack> {
  acquireStackLock(DATA_DIR)();
  await rm(DATA_DIR, { recursive: true, force: true });
  await rm(LANDED_DIR, { recursive: true, force: true });
  return startStack({ ...options, dataDir: DATA_DIR, environment: 'flights' });
}
