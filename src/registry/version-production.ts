import type { ControlActivities } from '../contracts/activities/control.ts';
import { systemActor } from '../domain/actor.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { Problem } from '../errors/define-error.ts';
import { VERSION_INCOMPLETE } from '../errors/registry-errors.ts';
import { appendAudit } from './audit.ts';
import type { Transaction } from './database.ts';
import { lockModel } from './models.ts';
import { getVersion, moveStage, recordStage } from './versions.ts';
import type { VersionRef } from './versions.ts';

type AllocateInput = Parameters<ControlActivities['allocateVersion']>[0];
type RegisterInput = Parameters<ControlActivities['registerVersion']>[0];

/**
 * Gives the next number of the model to a trigger; the same key always answers the same number.
 * @throws PerennialError MODEL_NOT_FOUND
 */
export async function allocateVersion(tx: Transaction, input: AllocateInput): Promise<number> {
  const { model, environment } = input;
  const version = await lockModel(tx, input);
  const { rows } = await tx.query<{ version: number }>(
    'SELECT version FROM versions WHERE model = $1 AND environment = $2 AND trigger_key = $3',
    [model, environment, input.key],
  );
  if (rows[0]) return rows[0].version;
  await tx.query(
    `INSERT INTO versions (model, environment, version, stage, spec_revision, trigger_key, trigger, requested_by)
     VALUES ($1, $2, $3, 'producing', $4, $5, $6, $7)`,
    [
      model,
      environment,
      version,
      input.specRevision,
      input.key,
      JSON.stringify(input.trigger),
      input.trigger.requestedBy.id,
    ],
  );
  await tx.query('UPDATE models SET next_version = $3 WHERE model = $1 AND environment = $2', [
    model,
    environment,
    version + 1,
  ]);
  const actor = input.trigger.requestedBy;
  await recordStage(
    tx,
    { model, environment, version, stage: 'producing', reason: input.trigger.reason, actor },
    null,
  );
  return version;
}

interface RunRow {
  status: string;
  version: number;
  artifact: string | null;
  size_bytes: number | null;
  signature: unknown;
}

async function problemsOf(
  tx: Transaction,
  input: RegisterInput,
  run: RunRow | undefined,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const { runId, artifact } = input.training;
  if (!run) problems.push({ path: 'run', message: `there is no run ${runId} of this version` });
  else {
    if (run.status !== 'succeeded')
      problems.push({ path: 'run.status', message: `run ${runId} is ${run.status}, not succeeded` });
    if (run.artifact !== artifact)
      problems.push({ path: 'artifact', message: `the run made ${run.artifact ?? 'none'}, not ${artifact}` });
    if (run.signature === null)
      problems.push({ path: 'signature', message: 'the run recorded no signature' });
  }
  const { rowCount } = await tx.query(
    'SELECT 1 FROM evaluations WHERE evaluation_id = $1 AND model = $2 AND environment = $3 AND version = $4',
    [input.evaluationId, input.model, input.environment, input.version],
  );
  if (rowCount === 0)
    problems.push({
      path: 'evaluation',
      message: `there is no evaluation ${input.evaluationId} of this version`,
    });
  return problems;
}

/**
 * Makes a produced version a candidate. A version that was registered with the same run, artifact and evaluation
 * is left as it is, however far it has moved since.
 * @throws PerennialError VERSION_NOT_FOUND, VERSION_INCOMPLETE with every missing part, STAGE_MOVE_REFUSED
 */
export async function registerVersion(tx: Transaction, input: RegisterInput): Promise<void> {
  const { model, environment, version, training, evaluationId } = input;
  await lockModel(tx, input);
  const known = await getVersion(tx, input);
  const same =
    known.runId === training.runId &&
    known.artifact === training.artifact &&
    known.evaluationId === evaluationId;
  if (same) return;
  const { rows } = await tx.query<RunRow>(
    `SELECT status, version, artifact, size_bytes, signature FROM runs
      WHERE run_id = $1 AND model = $2 AND environment = $3 AND version = $4`,
    [training.runId, model, environment, version],
  );
  const problems = await problemsOf(tx, input, rows[0]);
  if (known.artifact !== null)
    problems.push({
      path: 'version',
      message: `was registered with artifact ${known.artifact} and is immutable`,
    });
  if (problems.length > 0) {
    const text = `version ${version} of ${model} cannot be registered: ${problems.map((p) => p.message).join('; ')}`;
    throw new PerennialError(VERSION_INCOMPLETE, text, { problems });
  }
  await tx.query(
    `UPDATE versions SET run_id = $4, artifact = $5, size_bytes = $6, signature = $7, evaluation_id = $8
      WHERE model = $1 AND environment = $2 AND version = $3`,
    [
      model,
      environment,
      version,
      training.runId,
      training.artifact,
      rows[0]?.size_bytes ?? training.sizeBytes,
      JSON.stringify(rows[0]?.signature),
      evaluationId,
    ],
  );
  const actor = systemActor('production');
  const reason = `trained by run ${training.runId} and evaluated`;
  await moveStage(tx, { model, environment, version, stage: 'candidate', reason, actor });
}

/** Points the version at its card, once, with an audit event. Answers the digest that stands: the first one. */
export async function setCard(tx: Transaction, ref: VersionRef, digest: string): Promise<string> {
  const { rowCount } = await tx.query(
    `UPDATE versions SET card = $4 WHERE model = $1 AND environment = $2 AND version = $3 AND card IS NULL`,
    [ref.model, ref.environment, ref.version, digest],
  );
  if (rowCount !== 1) return (await getVersion(tx, ref)).card ?? digest;
  const { model, environment, version } = ref;
  const actor = systemActor('production').id;
  await appendAudit(tx, { actor, action: 'card.written', model, environment, version, data: { digest } });
  return digest;
}
