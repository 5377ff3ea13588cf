import type { ControlActivities } from '../contracts/activities/control.ts';
import type { Trigger } from '../domain/trigger.ts';
import { PerennialError } from '../errors/define-error.ts';
import { VERSION_NOT_CANDIDATE } from '../errors/lifecycle-errors.ts';
import { appendAudit } from './audit.ts';
import type { Queryable, Transaction } from './database.ts';
import { lockModel } from './models.ts';
import { getVersion } from './versions.ts';
import type { VersionRef } from './versions.ts';

type Candidate = Awaited<ReturnType<ControlActivities['loadCandidate']>>;

/**
 * The version, while its gates may still be judged again, with the trigger that it is made for: whoever had a waiting
 * production go on at once asked for it, and may not approve it.
 * @throws PerennialError VERSION_NOT_FOUND, VERSION_NOT_CANDIDATE
 */
export async function loadCandidate(db: Queryable, ref: VersionRef): Promise<Candidate> {
  const { stage, trigger } = await getVersion(db, ref);
  if (stage === 'candidate' || stage === 'validated')
    return { stage, trigger: (await takenTrigger(db, ref)) ?? (trigger as unknown as Trigger) };
  throw new PerennialError(
    VERSION_NOT_CANDIDATE,
    `version ${ref.version} of ${ref.model} is ${stage}; only a candidate, or a version that waits for approval, is validated again. \`perennial trigger ${ref.model}\` asks for a new one`,
    { details: { stage } },
  );
}

async function takenTrigger(db: Queryable, ref: VersionRef): Promise<Trigger | null> {
  const { rows } = await db.query<{ trigger: Trigger }>(
    `SELECT evidence -> 'trigger' AS trigger FROM decisions
      WHERE model = $1 AND environment = $2 AND version = $3 AND kind = 'trigger' AND outcome = 'taken'`,
    [ref.model, ref.environment, ref.version],
  );
  return rows[0]?.trigger ?? null;
}

/**
 * Makes a repeated evaluation the one that gates judge, with its audit event. The earlier ones stay on record.
 * @throws PerennialError VERSION_NOT_FOUND, VERSION_NOT_CANDIDATE when the version has moved on meanwhile
 */
export async function adoptEvaluation(
  tx: Transaction,
  input: Parameters<ControlActivities['adoptEvaluation']>[0],
): Promise<void> {
  const { model, environment, version, evaluationId, actor, reason } = input;
  await lockModel(tx, input);
  const { evaluationId: before } = await getVersion(tx, input);
  if (before === evaluationId) return;
  await loadCandidate(tx, input);
  await tx.query(
    'UPDATE versions SET evaluation_id = $4 WHERE model = $1 AND environment = $2 AND version = $3',
    [model, environment, version, evaluationId],
  );
  await appendAudit(tx, {
    actor: actor.id,
    action: 'version.revalidated',
    model,
    environment,
    version,
    data: { from: before, to: evaluationId, reason },
  });
}
