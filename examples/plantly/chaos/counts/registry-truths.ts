import { z } from 'zod';
import { verifyAudit } from '../../../../src/registry/audit.ts';
import type { Aftermath, Count } from './aftermath.ts';
import { eventually } from './aftermath.ts';

const TOTAL_WEIGHT = 100;
const AuditorSaw = z.object({ auditEvents: z.int().positive(), head: z.string() });

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

function versionsOnce(after: Aftermath): Promise<Count> {
  const { db, model, environment } = after;
  return eventually(after, 'versions: numbered without a gap, each with one run', async () => {
    // Only a version that failed while it was produced, or is being produced, may have none.
    const { rows } = await db.query<{ version: number; runs: number; made: boolean; trigger_key: string }>(
      `SELECT v.version, v.trigger_key, count(r.run_id)::int AS runs,
              EXISTS (SELECT FROM version_stages s
                       WHERE (s.model, s.environment, s.version) = (v.model, v.environment, v.version)
                         AND s.stage NOT IN ('producing', 'failed', 'aborted')) AS made
         FROM versions v LEFT JOIN runs r USING (model, environment, version)
        WHERE v.model = $1 AND v.environment = $2 GROUP BY v.model, v.environment, v.version ORDER BY 1`,
      [model, environment],
    );
    const gaps = rows.filter(({ version }, index) => version !== index + 1).length;
    const doubled = rows.filter(({ runs }) => runs > 1).length;
    const without = rows.filter(({ runs, made }) => made && runs === 0).length;
    const keys = new Set(rows.map(({ trigger_key }) => trigger_key)).size;
    return {
      ok: rows.length > 0 && gaps + doubled + without === 0 && keys === rows.length,
      seen: `${rows.length} versions, ${keys} triggers, ${gaps} gaps, ${doubled} with more than one run, ${without} without`,
    };
  });
}

function oneChampion(after: Aftermath): Promise<Count> {
  const { db, model, environment } = after;
  return eventually(after, 'champion: one at each instant since the first', async () => {
    const { rows } = await db.query<StageChange>(
      'SELECT version, stage, at::text AS at FROM version_stages WHERE model = $1 AND environment = $2 ORDER BY id',
      [model, environment],
    );
    const { most, gaps, now } = championsOf(rows);
    return {
      ok: most === 1 && gaps === 0 && now.length === 1,
      seen: `${rows.length} changes of stage, at most ${most}, ${gaps} times none, now ${now.join(', ') || 'none'}`,
    };
  });
}

interface StageChange {
  readonly version: number;
  readonly stage: string;
  readonly at: string;
}

/** How many champions there were at most, how often there was none after the first, and which there are now. */
export function championsOf(changes: readonly StageChange[]): { most: number; gaps: number; now: number[] } {
  const now = new Set<number>();
  let most = 0;
  let gaps = 0;
  let before = 0;
  changes.forEach(({ version, stage, at }, index) => {
    if (stage === 'champion') now.add(version);
    else now.delete(version);
    // One transaction has one time: what changed in it changed at the same instant.
    if (changes[index + 1]?.at === at) return;
    most = Math.max(most, now.size);
    if (now.size === 0 && before > 0) gaps += 1;
    before = now.size;
  });
  return { most, gaps, now: [...now] };
}

function weights(after: Aftermath): Promise<Count> {
  const { db, model, environment } = after;
  return eventually(after, 'routes: every generation is there and its weights sum to 100', async () => {
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

function audit(after: Aftermath): Promise<Count> {
  const { db, report } = after;
  return eventually(after, 'audit: the chain is whole, and goes on from what the auditor saw', async () => {
    const check = await verifyAudit(db);
    if (check.kind === 'broken') return { ok: false, seen: `broken at ${check.atSeq}: ${check.reason}` };
    const { data: seen } = AuditorSaw.safeParse(report.steps.find(({ id }) => id === 'auditor')?.facts);
    if (!seen) return { ok: false, seen: `${check.events} events, and the auditor saw none` };
    const { rows } = await db.query<{ hash: string }>('SELECT hash FROM audit_events WHERE seq = $1', [
      seen.auditEvents,
    ]);
    const goesOn = rows[0]?.hash === seen.head;
    return {
      ok: goesOn,
      seen: `${check.events} events, the auditor saw ${seen.auditEvents}${goesOn ? '' : ', of which the last is not there'}`,
    };
  });
}

function locks(after: Aftermath): Promise<Count> {
  const { db } = after;
  return eventually(after, 'leases: no lock and no transaction is left open', async () => {
    const { rows } = await db.query<{ locks: number; transactions: number }>(
      `SELECT (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks,
              (SELECT count(*)::int FROM pg_stat_activity
                WHERE state LIKE 'idle in transaction%' AND now() - state_change > interval '10 seconds') AS transactions`,
    );
    const { locks: held = -1, transactions = -1 } = rows[0] ?? {};
    return { ok: held === 0 && transactions === 0, seen: `${held} locks, ${transactions} idle transactions` };
  });
}
