import { rm } from 'node:fs/promises';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { TrainInput, TrainResult } from '../contracts/activities/training.ts';
import { openFrame } from '../data/frame.ts';
import { effectiveSpec } from '../domain/spec/effective-spec.ts';
import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import { INTERNAL_ERROR } from '../errors/api-errors.ts';
import {
  TRAINER_ATTEMPTS_SPENT,
  TRAINER_FAILED,
  TRAINER_HUNG,
  TRAINER_OUT_OF_MEMORY,
} from '../errors/training-errors.ts';
import { withDetails } from '../platform/activity-errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Database } from '../registry/database.ts';
import { failRun, startRun, trainResultOf } from '../registry/runs.ts';
import { loadSpecRecord } from '../registry/specs.ts';
import type { GpuLease, GpuPool } from './gpu-pool.ts';
import { keepResult, storeLog } from './keep-result.ts';
import { maskSecrets } from './mask-secrets.ts';
import { prepareAttempt } from './prepare-attempt.ts';
import type { Attempt } from './prepare-attempt.ts';
import { superviseTrainer, withHeartbeats } from './supervise-trainer.ts';
import type { AttemptHost } from './supervise-trainer.ts';
import { trainerEnvironment } from './trainer-environment.ts';
import { readTrainerOutput } from './trainer-output.ts';
import type { TrainingExecutor } from './training-executor.ts';
import { clearAttempt, openWorkspace, removeForgottenRuns, whileRemembered } from './training-workspace.ts';
import type { TrainingWorkspace } from './training-workspace.ts';

export interface TrainingParts {
  readonly db: Database;
  readonly store: ArtifactStore;
  readonly executor: TrainingExecutor;
  readonly gpus: GpuPool;
  /** Absolute; runs live in its folder `runs`. */
  readonly dataDir: string;
  /** The worker's environment, of which a trainer sees what its spec allows. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Texts that must not reach a trainer's log: the worker's own credentials. */
  readonly secrets: readonly string[];
  readonly log: Logger;
}

/**
 * Trains one version: one attempt of its run. A run that has succeeded before answers with its result and trains nothing.
 * @throws PerennialError TRAINER_*, BUNDLE_INVALID, RUN_CONFLICT, ARTIFACT_NOT_FOUND; the signal's reason when cancelled.
 * Its details tell in `trainedMs` how long ago the run began.
 */
export async function runTraining(
  parts: TrainingParts,
  input: TrainInput,
  host: AttemptHost,
): Promise<TrainResult> {
  const record = await loadSpecRecord(parts.db, input);
  const trainer = effectiveSpec(record.spec, input.environment).training.trainer;
  return withHeartbeats(host, async (beating) => {
    // Before the run begins: what waits for GPUs uses none.
    const gpus = await parts.gpus.take(trainer.resources.gpus, beating.signal);
    try {
      return await trainOn(gpus, parts, input, { trainer, bundle: record.bundle }, beating);
    } finally {
      gpus.release();
    }
  });
}

async function trainOn(
  gpus: GpuLease,
  parts: TrainingParts,
  input: TrainInput,
  { trainer, bundle }: Pick<Attempt, 'trainer' | 'bundle'>,
  host: AttemptHost,
): Promise<TrainResult> {
  const { db } = parts;
  const { model, environment, version, runId, frame } = input;
  const run = await startRun(
    db,
    {
      model,
      environment,
      version,
      runId,
      frame,
      parameters: trainer.parameters,
      seed: trainer.seed,
      codeDigest: bundle,
    },
    host.attempt,
  );
  if (run.status === 'succeeded') return trainResultOf(run);
  await removeForgottenRuns(parts.dataDir);
  const workspace = await openWorkspace(parts.dataDir, runId, host.attempt);
  try {
    await whileRemembered(workspace, () =>
      attemptRun(parts, { input, trainer, bundle, workspace }, gpus, host),
    );
  } catch (error) {
    const recorded = await recordFailure(parts, input, workspace, host, error);
    if (recorded === null) throw error;
    const { failures, durationMs: trainedMs } = recorded;
    if (isPerennialError(error) && isOwnFailure(error) && failures >= trainer.maxAttempts)
      throw new PerennialError(
        TRAINER_ATTEMPTS_SPENT,
        `the trainer failed ${failures} times, as often as training.trainer.maxAttempts allows; the last time: ${error.message}`,
        { cause: error, details: { code: error.code, trainedMs } },
      );
    throw withDetails(error, { trainedMs });
  }
  await rm(workspace.runDir, { recursive: true, force: true });
  return trainResultOf(await startRun(db, run, host.attempt));
}

/** Runs the trainer and, when it ended well, records what it left. */
async function attemptRun(
  parts: TrainingParts,
  attempt: Attempt,
  gpus: GpuLease,
  host: AttemptHost,
): Promise<void> {
  const { input, trainer, workspace } = attempt;
  const { store, executor } = parts;
  const { manifest: frame } = await openFrame(store, input.frame);
  const deadline = Date.now() + trainer.timeout;
  const stopAt = performance.now() + trainer.timeout;
  const secrets = [...parts.secrets, ...trainer.environment.map((name) => parts.environment[name] ?? '')];
  const given = gpus.ids;
  try {
    const resumeFrom = await prepareAttempt(parts, attempt, { frame, host, deadline, gpus: given });
    host.signal.throwIfAborted();
    const id = `${input.runId}/${workspace.attemptDir.slice(workspace.runDir.length + 1)}`;
    parts.log.info({ runId: input.runId, attempt: host.attempt, resumeFrom, gpus: given }, 'training starts');
    await executor.start({
      id,
      command: trainer.command,
      workingDirectory: workspace.codeDir,
      environment: trainerEnvironment({
        worker: parts.environment,
        allowed: trainer.environment,
        home: workspace.homeDir,
        temporaryDirectory: workspace.temporaryDir,
        inputFile: workspace.inputFile,
        cpus: trainer.resources.cpus,
        gpus: given,
        seed: trainer.seed,
      }),
      logPath: workspace.logPath,
      secrets,
      graceTimeMs: trainer.graceTime,
    });
    const limits = { stopAt, progressTimeoutMs: trainer.progressTimeout };
    await superviseTrainer(parts, { id, checkpointDir: workspace.checkpointDir }, limits, host);
  } finally {
    gpus.release();
  }
  const output = await readTrainerOutput(
    workspace.outputDir,
    workspace.keptDir,
    frame.features,
    maskSecrets(secrets),
  );
  await keepResult(parts, input.runId, output, workspace.logPath, host.signal);
}

/** What the trainer itself did wrong, against which `maxAttempts` counts. */
const OWN_FAILURES: readonly string[] = [TRAINER_FAILED.code, TRAINER_HUNG.code, TRAINER_OUT_OF_MEMORY.code];

function isOwnFailure(error: PerennialError): boolean {
  return OWN_FAILURES.includes(error.code);
}

async function recordFailure(
  parts: TrainingParts,
  input: TrainInput,
  workspace: TrainingWorkspace,
  host: AttemptHost,
  error: unknown,
): Promise<Awaited<ReturnType<typeof failRun>> | null> {
  const code = isPerennialError(error) ? error.code : INTERNAL_ERROR.code;
  const message = isPerennialError(error) ? error.message : "the worker's log says more";
  try {
    const recorded = await failRun(parts.db, input.runId, {
      status: host.signal.aborted ? 'cancelled' : 'failed',
      code: host.signal.aborted ? 'CANCELLED' : code,
      message: host.signal.aborted ? 'the activity was cancelled or its worker shut down' : message,
      logBlob: await storeLog(parts, workspace.logPath),
      counts: !host.signal.aborted && isPerennialError(error) && isOwnFailure(error),
    });
    await clearAttempt(workspace);
    return recorded;
  } catch (failure) {
    // The error of the training itself is what its caller must see.
    parts.log.warn({ err: failure, runId: input.runId }, 'the failure of a run could not be recorded');
    return null;
  }
}
