import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { TrainInput } from '../contracts/activities/training.ts';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import { TRAINER_CONTRACT_VERSION } from '../contracts/trainer.ts';
import type { TrainerInput } from '../contracts/trainer.ts';
import type { FrameManifest } from '../domain/frame.ts';
import type { Logger } from '../platform/logger.ts';
import { unpackBundle } from './bundle.ts';
import { checkpointToResume } from './checkpoints.ts';
import type { AttemptHost } from './supervise-trainer.ts';
import { copyBlob } from './training-workspace.ts';
import type { TrainingWorkspace } from './training-workspace.ts';

export interface Attempt {
  readonly input: TrainInput;
  readonly trainer: ModelSpec['training']['trainer'];
  /** Digest of the trainer's code; null when the spec has no files. */
  readonly bundle: string | null;
  readonly workspace: TrainingWorkspace;
}

/** Puts code, data and the input file in place. Returns the checkpoint to resume from. */
export async function prepareAttempt(
  parts: { readonly store: ArtifactStore; readonly log: Logger },
  { input, trainer, bundle, workspace }: Attempt,
  given: {
    readonly frame: FrameManifest;
    readonly host: AttemptHost;
    /** Milliseconds since the epoch. */
    readonly deadline: number;
    readonly gpus: readonly string[];
  },
): Promise<string | null> {
  const { store } = parts;
  const { frame, host, deadline, gpus } = given;
  if (bundle !== null) await unpackBundle(store, bundle, workspace.codeDir);
  const trainPath = join(workspace.dataDir, 'train.parquet');
  await copyBlob(await store.fetchFile(frame.train.blob), trainPath);
  const resumeFrom = await checkpointToResume(
    parts,
    workspace.earlierCheckpointDirs,
    host.lastHeartbeat?.checkpoint ?? null,
    join(workspace.attemptDir, 'resume'),
  );
  const { cpus, memoryBytes } = trainer.resources;
  const contents: TrainerInput = {
    contractVersion: TRAINER_CONTRACT_VERSION,
    runId: input.runId,
    attempt: host.attempt,
    datasets: [
      {
        name: 'train',
        path: trainPath,
        format: 'parquet',
        digest: frame.train.blob,
        rows: frame.train.rows,
      },
    ],
    label: frame.label,
    features: frame.features.map((name) => ({ name, type: 'float32' })),
    parameters: trainer.parameters,
    seed: trainer.seed,
    outputDir: workspace.outputDir,
    checkpointDir: workspace.checkpointDir,
    resumeFrom,
    deadline: new Date(deadline).toISOString(),
    resources: { gpus, cpus, memoryBytes },
  };
  await writeFile(workspace.inputFile, JSON.stringify(contents, null, 2), { mode: 0o600 });
  return resumeFrom;
}
