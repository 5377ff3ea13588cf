import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import { recordSegment } from '../../../src/registry/prediction-segments.ts';
import type { PlantWorld } from '../evaluation/plant-world.ts';
import { ENVIRONMENT, MODEL } from '../evaluation/plant-world.ts';

export interface Traffic {
  readonly version: number;
  readonly from: number;
  readonly to: number;
  readonly requests: number;
  readonly arm?: string;
  /** SQL over `i`, the number of the request, for what is logged. */
  readonly top?: string;
  readonly taste?: string;
  readonly converted?: string;
  readonly latencyMs?: string;
  readonly splitKey?: string;
}

/** Writes one segment of the prediction log, as a gateway would have shipped it: three ranks a request. */
export async function serve(world: PlantWorld, traffic: Traffic): Promise<void> {
  const { version, from, to, requests } = traffic;
  const id = randomUUID();
  const step = (to - from) / requests;
  const request = `'${id}/' || i AS request_id, (${String(from)} + floor(i * ${String(step)}))::BIGINT AS "at"`;
  const route = `'${MODEL}' AS model, ${String(version)} AS version, '${traffic.arm ?? 'champion'}' AS arm, 1 AS generation`;
  const tables = {
    requests: `SELECT ${request}, ${route}, 'rank' AS "call", (${traffic.latencyMs ?? '2'})::DOUBLE AS latency_ms,
      NULL::VARCHAR AS error, (${traffic.splitKey ?? 'NULL'})::VARCHAR AS split_key, NULL::VARCHAR AS entity FROM range(${String(requests)}) t(i)`,
    items: `SELECT ${request}, ${route}, (k + 1)::INTEGER AS rank,
      '{"plant_id":"' || (CASE WHEN k = 0 THEN ${traffic.top ?? "'p' || (i % 10)"} ELSE 'p' || k END) || '"}' AS candidate,
      ((i * 37) % 101 / 10.0 - k)::DOUBLE AS score,
      [(${traffic.taste ?? '(i * 7919) % 50'})::DOUBLE, ((i * 31) % 10)::DOUBLE, (i % 3)::DOUBLE] AS features
      FROM range(${String(requests)}) t(i), range(3) r(k)`,
    outcomes: `SELECT '${id}/' || i || '/e' AS event_id, '${id}/' || i AS request_id, 'converted' AS name,
      (${traffic.converted ?? 'i % 5 = 0'})::DOUBLE AS value, ${String(to)}::BIGINT AS "at", ${String(to)}::BIGINT AS received_at
      FROM range(${String(requests)}) t(i)`,
  };
  await withDuckDb({ directory: world.dataDir }, async (session) => {
    const parts: Record<string, { blob: string; rows: number }> = {};
    for (const [kind, select] of Object.entries(tables)) {
      const path = join(session.directory, `${kind}.parquet`);
      await session.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
      parts[kind] = { blob: (await world.store.putFile(path)).digest, rows: requests };
    }
    await recordSegment(world.db, {
      segmentId: id,
      gatewayId: 'gateway-1',
      environment: ENVIRONMENT,
      parts,
      firstAt: from,
      lastAt: to,
    });
  });
}

/** The next generation of the route, as if it had been written at `createdAt`; weights in per cent by version. */
export async function route(
  world: PlantWorld,
  weights: readonly { readonly version: number; readonly weight: number }[],
  createdAt: number,
): Promise<void> {
  await world.db.query(
    `INSERT INTO routes (model, environment, generation, key, weights, champion, reason, actor, created_at)
     SELECT $1, $2, coalesce(max(generation), 0) + 1, gen_random_uuid(), $3,
            (SELECT version FROM versions WHERE model = $1 AND environment = $2 AND stage = 'champion'),
            'test', 'system:test', to_timestamp($4::float8 / 1000)
       FROM routes WHERE model = $1 AND environment = $2`,
    [MODEL, ENVIRONMENT, JSON.stringify(weights), createdAt],
  );
}

/**
 * Makes the version champion since `since`; where a baseline is given, after a canary and the bake that began with it. The
 * baseline recorded before stays otherwise.
 */
export async function crown(
  world: PlantWorld,
  version: number,
  since: number,
  baseline: { readonly since: number } | null,
): Promise<void> {
  const ref = [MODEL, ENVIRONMENT, version];
  const everything = [{ version, weight: 100 }];
  if (baseline !== null) {
    const halves = [version - 1, version].map((one) => ({ version: one, weight: 50 }));
    await route(world, halves, baseline.since - 60_000);
    await route(world, everything, baseline.since);
  }
  await world.db.query(`UPDATE versions SET stage = 'retired' WHERE model = $1 AND stage = 'champion'`, [
    MODEL,
  ]);
  await world.db.query(
    `UPDATE versions SET stage = 'champion' WHERE model = $1 AND environment = $2 AND version = $3`,
    ref,
  );
  await world.db.query(
    `INSERT INTO version_stages (model, environment, version, stage, reason, actor, at)
     VALUES ($1, $2, $3, 'champion', 'test', 'system:test', to_timestamp($4::float8 / 1000))`,
    [...ref, since],
  );
  await route(world, everything, since);
  if (baseline !== null)
    await world.db.query(
      'INSERT INTO baselines (model, environment, version, baseline) VALUES ($1, $2, $3, $4)',
      [...ref, JSON.stringify(baseline)],
    );
}
