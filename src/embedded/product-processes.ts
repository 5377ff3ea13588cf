import { join } from 'node:path';
import { productRoot, venvBin } from './binaries.ts';
import { baseEnvironment } from './service.ts';
import type { Service } from './service.ts';

/** A Node process of the product, as data: the stack, the compose file and the chaos script all read this list. */
export interface ProductProcess {
  readonly name: string;
  /** Below dist/. Its main calls `announceReady()` once it works. */
  readonly main: string;
  /** Long enough for a trainer to write its checkpoint. */
  readonly stopTimeoutMs: number;
}

/** The AWS SDK warns in each process about releases of next year; versions are pinned here. */
const QUIET = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
const STOP_TIMEOUT_MS = 15_000;
const TRAINING_STOP_TIMEOUT_MS = 45_000;

/** In the order of their start; they stop in the opposite order. */
export const PRODUCT_PROCESSES: readonly ProductProcess[] = [
  { name: 'worker-control', main: 'workers/control.js', stopTimeoutMs: STOP_TIMEOUT_MS },
  { name: 'worker-data', main: 'workers/data.js', stopTimeoutMs: STOP_TIMEOUT_MS },
  { name: 'worker-training', main: 'workers/training.js', stopTimeoutMs: TRAINING_STOP_TIMEOUT_MS },
  { name: 'worker-rollout', main: 'workers/rollout.js', stopTimeoutMs: STOP_TIMEOUT_MS },
  { name: 'api', main: 'src/api/main.js', stopTimeoutMs: STOP_TIMEOUT_MS },
  { name: 'gateway', main: 'src/serving/main.js', stopTimeoutMs: STOP_TIMEOUT_MS },
];

/** @param env the configuration of the stack; the trainers find `python` of the Python environment first on PATH. */
export function productService(product: ProductProcess, env: Readonly<Record<string, string>>): Service {
  const root = productRoot();
  return {
    name: product.name,
    command: process.execPath,
    args: ['--enable-source-maps', join(root, 'dist', product.main)],
    env: { ...baseEnvironment([venvBin()]), ...QUIET, ...env },
    cwd: root,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: product.stopTimeoutMs,
    announcesReady: true,
  };
}
