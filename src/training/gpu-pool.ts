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

/** Hands each trainer GPUs of its own. A trainer gets fewer than it asked for when there are no more free. */
export class GpuPool {
  readonly #free: string[];

  constructor(gpus: readonly string[]) {
    this.#free = [...gpus];
  }

  take(count: number): readonly string[] {
    return this.#free.splice(0, count);
  }

  giveBack(gpus: readonly string[]): void {
    this.#free.push(...gpus);
  }
}
