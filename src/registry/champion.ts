import type { PromoteChampionInput } from '../contracts/activities/rollout.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { PerennialError } from '../errors/define-error.ts';
import { CHAMPION_CONFLICT } from '../errors/registry-errors.ts';
import { appendAudit } from './audit.ts';
import type { Queryable, Transaction } from './database.ts';
import { lockModel } from './models.ts';
import { generationOfKey, writeRoute } from './routes.ts';
import { moveStage } from './versions.ts';

/** The version that is champion now, or null. */
async function championOf(db: Queryable, ref: ModelRef): Promise<number | null> {
  const { rows } = await db.query<{ version: number }>(
    `SELECT version FROM versions WHERE model = $1 AND environment = $2 AND stage = 'champion'`,
    [ref.model, ref.environment],
  );
  return rows[0]?.version ?? null;
}

/**
 * Makes a version the champion: both stages, the aliases, the route (all traffic), the baseline and the audit, in
 * the caller's transaction. The same key again answers the generation that it made and changes nothing.
 * @throws PerennialError CHAMPION_CONFLICT when the champion is not `from`; STAGE_MOVE_REFUSED, VERSION_NOT_FOUND
 */
export async function changeChampion(
  tx: Transaction,
  input: PromoteChampionInput,
): Promise<{ readonly generation: number }> {
  const { model, environment, version, from, actor, reason } = input;
  await lockModel(tx, input);
  const done = await generationOfKey(tx, input, input.key);
  if (done !== null) return { generation: done };
  const champion = await championOf(tx, input);
  if (champion !== from || champion === version) {
    const found = champion === null ? 'there is no champion' : `version ${champion} is champion`;
    const wanted = from === null ? 'none' : `version ${from}`;
    const text = `Version ${version} of ${model} was to follow ${wanted}, but ${found}. Decide anew.`;
    throw new PerennialError(CHAMPION_CONFLICT, text, { details: { champion, from, version } });
  }
  // The old champion steps down first: at no moment are there two.
  if (from !== null) {
    const stage = input.kind === 'promotion' ? 'retired' : 'rolled_back';
    await moveStage(tx, { model, environment, version: from, stage, reason, actor });
  }
  await moveStage(tx, { model, environment, version, stage: 'champion', reason, actor });
  await tx.query(
    `INSERT INTO aliases (model, environment, alias, version) VALUES ($1, $2, 'champion', $3)
     ON CONFLICT (model, environment, alias) DO UPDATE SET version = $3, set_at = now()`,
    [model, environment, version],
  );
  await tx.query(
    `DELETE FROM aliases WHERE model = $1 AND environment = $2 AND alias = 'challenger' AND version = ANY ($3::int[])`,
    [model, environment, [version, from]],
  );
  const { generation } = await writeRoute(tx, {
    model,
    environment,
    key: input.key,
    weights: [{ version, weight: 100 }],
    shadow: [],
    reason,
    actor,
  });
  if (input.baseline !== null)
    await tx.query(
      `INSERT INTO baselines (model, environment, version, baseline) VALUES ($1, $2, $3, $4)
       ON CONFLICT (model, environment, version) DO UPDATE SET baseline = $4, at = now()`,
      [model, environment, version, JSON.stringify(input.baseline)],
    );
  await appendAudit(tx, {
    actor: actor.id,
    action: 'champion.changed',
    model,
    environment,
    version,
    data: { from, to: version, kind: input.kind, generation, decisionId: input.decisionId, reason },
  });
  return { generation };
}
