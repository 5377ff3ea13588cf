import { verifyAudit } from '../../../../src/registry/audit.ts';
import type { Aftermath, Count } from './aftermath.ts';
import { eventually } from './aftermath.ts';

const TOTAL_WEIGHT = 100;

/** What must be true of the registry at every instant of its history. */
export async function countRegistryTruths(after: Aftermath): Promise<Count[]> {
  return [
    await versionsOnce(after),
    await oneChampion(after),
    await weights(after),
    await audit(after),
    await locks(after),
  ];
}

function versionsOnce({ db, model, environment }: Aftermath): Promise<Count> {
  return eventually('versions: numbered without a gap, each with one run', async () => {
    const { rows } = await db.query<{ version: number; runs: number; trigger_key: string }>(
      `SELECT v.version, v.trigger_key, count(r.run_id)::int AS runs FROM versions v
         LEFT JOIN runs r USING (model, environment, version)
        WHERE v.model = $1 AND v.environment = $2 GROUP BY 1, 2 ORDER BY 1`,
      [model, environment],
    );
    const gaps = rows.filter(({ version }, index) => version !== index + 1).length;
    const doubled = rows.filter(({ runs }) => runs > 1).length;
    const keys = new Set(rows.map(({ trigger_key }) => trigger_key)).size;
    return {
      ok: rows.length > 0 && gaps + doubled === 0 && keys === rows.length,
      seen: `${rows.length} versions, ${keys} triggers, ${gaps} gaps, ${doubled} with more than one run`,
    };
  });
}

function oneChampion({ db, model, environment }: Aftermath): Promise<Count> {
  return eventually('champion: never more than one at any instant', async () => {
    const { rows } = await db.query<{ version: number; stage: string; at: Date }>(
      'SELECT version, stage, at FROM version_stages WHERE model = $1 AND environment = $2 ORDER BY id',
      [model, environment],
    );
    const now = new Set<number>();
    let most = 0;
    // One transaction has one time: what changed in it changed at the same instant.
    rows.forEach(({ version, stage, at }, index) => {
      if (stage === 'champion') now.add(version);
      else now.delete(version);
      if (rows[index + 1]?.at.getTime() !== at.getTime()) most = Math.max(most, now.size);
    });
    return {
      ok: most === 1 && now.size === 1,
      seen: `${rows.length} changes of stage, at most ${most}, now ${[...now].join(', ') || 'none'}`,
    };
  });
}

function weights({ db, model, environment }: Aftermath): Promise<Count> {
  return eventually('routes: every generation is there and its weights sum to 100', async () => {
    const { rows } = await db.query<{ generation: number; weights: readonly { weight: number }[] }>(
      'SELECT generation, weights FROM routes WHERE model = $1 AND environment = $2 ORDER BY generation',
      [model, environment],
    );
    const wrong = rows.filter(
      (route) => route.weights.reduce((sum, { weight }) => sum + weight, 0) !== TOTAL_WEIGHT,
    ).length;
    const gaps = rows.filter(({ generation }, index) => generation !== index + 1).length;
    return {
      ok: rows.length > 0 && wrong + gaps === 0,
      seen: `${rows.length} generations, ${wrong} with another sum, ${gaps} gaps`,
    };
  });
}

function audit({ db }: Aftermath): Promise<Count> {
  return eventually('audit: the chain is whole', async () => {
    const check = await verifyAudit(db);
    return check.kind === 'whole'
      ? { ok: true, seen: `${check.events} events` }
      : { ok: false, seen: `broken at ${check.atSeq}: ${check.reason}` };
  });
}

function locks({ db }: Aftermath): Promise<Count> {
  return eventually('leases: no lock and no transaction is left open', async () => {
    const { rows } = await db.query<{ locks: number; transactions: number }>(
      `SELECT (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks,
              (SELECT count(*)::int FROM pg_stat_activity
                WHERE state LIKE 'idle in transaction%' AND now() - state_change > interval '10 seconds') AS transactions`,
    );
    const { locks: held = -1, transactions = -1 } = rows[0] ?? {};
    return { ok: held === 0 && transactions === 0, seen: `${held} locks, ${transactions} idle transactions` };
  });
}
