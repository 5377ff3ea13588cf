import { createHash, randomUUID } from 'node:crypto';
import { constants, copyFile, mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

const FORGOTTEN_AFTER_MS = 7 * 24 * 3_600_000;
const TOUCHED_EVERY_MS = 3_600_000;
const NAME_CHARS = 80;
const LOG_FILE = 'trainer.log';

/** The folders of one attempt; every path is absolute and the attempt's own. */
export interface TrainingWorkspace {
  /** Shared by the attempts of the run on this machine. */
  readonly runDir: string;
  readonly logPath: string;
  readonly attemptDir: string;
  readonly codeDir: string;
  readonly dataDir: string;
  readonly homeDir: string;
  readonly temporaryDir: string;
  readonly outputDir: string;
  /** What was taken of the output; the trainer is not told of it. */
  readonly keptDir: string;
  readonly checkpointDir: string;
  readonly inputFile: string;
  /** Where earlier attempts on this machine may have left checkpoints. */
  readonly earlierCheckpointDirs: readonly string[];
}

/** A folder name that any run id maps to without leaving its parent and without meeting another. */
function folderOf(runId: string): string {
  const readable = runId.replace(/[^A-Za-z0-9_-]+/g, '-').slice(-NAME_CHARS);
  return `${readable}-${createHash('sha256').update(runId).digest('hex').slice(0, 8)}`;
}

/**
 * Makes fresh folders for an attempt. An attempt never writes into the folders of another: one that was given up
 * may still be running.
 */
export async function openWorkspace(
  dataDir: string,
  runId: string,
  attempt: number,
): Promise<TrainingWorkspace> {
  const runDir = join(dataDir, 'runs', folderOf(runId));
  const earlier = (await readdir(runDir).catch(() => [])).filter((name) => name.startsWith('attempt-'));
  const attemptDir = join(runDir, `attempt-${attempt}-${randomUUID().slice(0, 8)}`);
  const workspace: TrainingWorkspace = {
    runDir,
    logPath: join(runDir, LOG_FILE),
    attemptDir,
    codeDir: join(attemptDir, 'code'),
    dataDir: join(attemptDir, 'data'),
    homeDir: join(attemptDir, 'home'),
    temporaryDir: join(attemptDir, 'tmp'),
    outputDir: join(attemptDir, 'output'),
    keptDir: join(attemptDir, 'kept'),
    checkpointDir: join(attemptDir, 'checkpoints'),
    inputFile: join(attemptDir, 'input.json'),
    earlierCheckpointDirs: earlier.map((name) => join(runDir, name, 'checkpoints')),
  };
  const { codeDir, homeDir, temporaryDir, outputDir, checkpointDir } = workspace;
  for (const folder of [codeDir, workspace.dataDir, homeDir, temporaryDir, outputDir, checkpointDir])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  return workspace;
}

/** Copies a blob, so that a trainer that writes into its data harms no one else. */
export async function copyBlob(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}

/** Frees what an attempt no longer needs; its checkpoints stay for the next one. */
export async function clearAttempt(workspace: TrainingWorkspace): Promise<void> {
  const { codeDir, dataDir, homeDir, temporaryDir, outputDir, keptDir } = workspace;
  for (const folder of [codeDir, dataDir, homeDir, temporaryDir, outputDir, keptDir])
    await rm(folder, { recursive: true, force: true });
}

/** Keeps a run's folder from being forgotten while the work takes: a trainer may train for weeks and log nothing. */
export async function whileRemembered<T>(
  { runDir }: Pick<TrainingWorkspace, 'runDir'>,
  work: () => Promise<T>,
): Promise<T> {
  const touch = (): void => {
    const now = new Date();
    // Touched again in an hour, long before a week is over.
    utimes(runDir, now, now).catch(() => undefined);
  };
  const timer = setInterval(touch, TOUCHED_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Removes folders of runs that nobody has touched for a week: their worker died, or they failed for good. */
export async function removeForgottenRuns(dataDir: string, now = Date.now()): Promise<void> {
  const runs = join(dataDir, 'runs');
  for (const name of await readdir(runs).catch(() => [])) {
    const touched = await Promise.all(
      [join(runs, name), join(runs, name, LOG_FILE)].map((path) =>
        stat(path).then(
          (info) => info.mtimeMs,
          () => 0,
        ),
      ),
    );
    if (now - Math.max(...touched) > FORGOTTEN_AFTER_MS)
      await rm(join(runs, name), { recursive: true, force: true });
  }
}
