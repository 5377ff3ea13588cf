import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Set for the product's processes: the folder through which they learn what is to go wrong inside them. */
export const SABOTAGE_VARIABLE = 'PLANTLY_CHAOS_DIR';

/**
 * A moment inside a process at which it is killed: before an activity has begun; after its last side effect, before
 * Temporal hears of it; once PostgreSQL has committed, before the process goes on; once S3 has an object, before
 * anything else knows of it; once a message has been taken by its receiver, before that is noted; once Temporal has
 * what a person or a webhook asked for, before they hear of it.
 */
export const CrashPoint = z.object({
  point: z.enum([
    'before-activity',
    'after-activity',
    'after-commit',
    'after-put',
    'before-note',
    'after-temporal',
  ]),
  /** How many such moments pass before the one that is fatal. */
  skip: z.int().nonnegative(),
  /** Moments that are not meant, by what they are called once they were fatal: they have had their turn. */
  spared: z.array(z.string()).optional(),
});
export type CrashPoint = z.infer<typeof CrashPoint>;

const armedFile = (folder: string, process: string): string => join(folder, `crash-${process}.json`);
const clockFile = (folder: string, process: string): string => join(folder, `clock-${process}.json`);
const ACTIVITY = 'activity-';
const toldFile = (folder: string, process: string): string => join(folder, `told-clock-${process}.json`);

function readNumber(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

/** In one piece, for a reader in another process. */
function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.part`, text);
  renameSync(`${file}.part`, file);
}

/** The side of the script. */
export class Sabotage {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  arm(process: string, at: CrashPoint): void {
    writeWhole(armedFile(this.folder, process), JSON.stringify(at));
  }

  /** What it was killed at, such as `after activity registerVersion`; null when it was not, and then it never will be. */
  disarm(process: string): string | null {
    rmSync(armedFile(this.folder, process), { force: true });
    const fired = `fired-${process}-`;
    const name = readdirSync(this.folder).find((entry) => entry.startsWith(fired));
    if (name === undefined) return null;
    const label = readFileSync(join(this.folder, name), 'utf8');
    rmSync(join(this.folder, name));
    return label;
  }

  hasFired(process: string): boolean {
    return readdirSync(this.folder).some((entry) => entry.startsWith(`fired-${process}-`));
  }

  /** How far the wall clock of a process is off, in milliseconds; 0 sets it right. */
  setClock(process: string, offsetMs: number): void {
    writeWhole(clockFile(this.folder, process), String(offsetMs));
  }

  /** The names of the activities that have begun in any process. */
  activities(): string[] {
    return readdirSync(this.folder)
      .filter((entry) => entry.startsWith(ACTIVITY))
      .map((entry) => entry.slice(ACTIVITY.length));
  }

  /** How far off the process itself said last that its clock is. */
  toldClock(process: string): number {
    return readNumber(toldFile(this.folder, process));
  }
}

/** The side of a process. Reading a file that is not there costs some microseconds. */
export class Saboteur {
  readonly #folder: string;
  readonly #process: string;
  readonly #noted = new Set<string>();
  #passed = 0;

  constructor(folder: string, process: string) {
    this.#folder = folder;
    this.#process = process;
  }

  /** Kills this process when such a moment is armed and it is time for it. */
  pass(point: CrashPoint['point'], label: string): void {
    const file = armedFile(this.#folder, this.#process);
    let armed: CrashPoint;
    try {
      armed = CrashPoint.parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch {
      this.#passed = 0;
      return;
    }
    if (armed.point !== point || armed.spared?.includes(label)) return;
    this.#passed += 1;
    if (this.#passed <= armed.skip) return;
    // First the claim, so that the process that starts again lives.
    rmSync(file, { force: true });
    writeFileSync(join(this.#folder, `fired-${this.#process}-${String(process.pid)}`), label);
    process.kill(process.pid, 'SIGKILL');
  }

  noteActivity(name: string): void {
    if (this.#noted.has(name)) return;
    this.#noted.add(name);
    writeFileSync(join(this.#folder, `${ACTIVITY}${name}`), '');
  }

  clockOffsetMs(): number {
    return readNumber(clockFile(this.#folder, this.#process));
  }

  tellClock(offsetMs: number): void {
    writeWhole(toldFile(this.#folder, this.#process), String(offsetMs));
  }
}
