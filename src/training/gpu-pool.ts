import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const DETECT_TIMEOUT_MS = 10_000;

/**
 * The GPUs of this machine, as CUDA_VISIBLE_DEVICES names them; none where there is no driver.
 * @param visible The worker's own CUDA_VISIBLE_DEVICES, which limits what trainers may get.
 */
export async function detectGpus(visible: string | undefined): Promise<string[]> {
  if (visible !== undefined) return visible.split(',').filter((id) => id.trim() !== '' && id.trim() !== '-1');
  try {
    const { stdout } = await promisify(execFile)(
      'nvidia-smi',
      ['--query-gpu=index', '--format=csv,noheader'],
      { timeout: DETECT_TIMEOUT_MS },
    );
    return stdout
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => /^\d+$/.test(line));
  } catch {
    return [];
  }
}

/** GPUs that one trainer has to itself. */
export interface GpuLease {
  readonly ids: readonly string[];
  /** May be called again. */
  release(): void;
}

interface Waiting {
  readonly count: number;
  give(ids: readonly string[]): void;
}

/**
 * Hands each trainer GPUs of its own, first come, first served: one that asks for many is not passed by for ever by those
 * that ask for few. A trainer gets fewer than it asked for only where the machine has no more.
 */
export class GpuPool {
  readonly #total: number;
  readonly #free: string[];
  #waiting: Waiting[] = [];

  constructor(gpus: readonly string[]) {
    this.#total = gpus.length;
    this.#free = [...gpus];
  }

  /** Waits until the GPUs are free. @throws the signal's reason when it is aborted before */
  async take(count: number, signal: AbortSignal): Promise<GpuLease> {
    signal.throwIfAborted();
    const wanted = Math.min(count, this.#total);
    // Who needs none waits behind nobody.
    if (wanted === 0) return this.#leaseOf([]);
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(signal.reason as Error);
        this.#serve();
      };
      const waiting: Waiting = {
        count: wanted,
        give: (ids) => {
          signal.removeEventListener('abort', leave);
          resolve(this.#leaseOf(ids));
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiting);
      this.#serve();
    });
  }

  #leaseOf(ids: readonly string[]): GpuLease {
    let held = true;
    return {
      ids,
      release: () => {
        if (!held) return;
        held = false;
        this.#free.push(...ids);
        this.#serve();
      },
    };
  }

  #serve(): void {
    for (let next = this.#waiting[0]; next && next.count <= this.#free.length; next = this.#waiting[0]) {
      this.#waiting.shift();
      next.give(this.#free.splice(0, next.count));
    }
  }
}
