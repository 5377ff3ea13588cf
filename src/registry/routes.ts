import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { Actor } from '../domain/actor.ts';
import type { VersionStage } from '../domain/version-stage.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { Problem } from '../errors/define-error.ts';
import { ROUTE_INVALID } from '../errors/registry-errors.ts';
import { appendAudit } from './audit.ts';
import type { Queryable, Transaction } from './database.ts';
import { lockModel } from './models.ts';

/** PostgreSQL notifies here, with the model's name, when a new generation has been committed. */
export const ROUTES_CHANNEL = 'perennial_routes';

interface RouteWeight {
  readonly version: number;
  /** Per cent; all weights of a route sum to 100. */
  readonly weight: number;
}

/** The traffic of one model: what every gateway obeys while this is the newest generation. */
export interface Route extends ModelRef {
  readonly generation: number;
  readonly weights: readonly RouteWeight[];
  /** Versions that score the same requests, unseen by the caller. */
  readonly shadow: readonly number[];
  readonly champion: number | null;
  /** Milliseconds since the epoch, the database's clock. */
  readonly createdAt: number;
}

export interface NewRoute extends ModelRef {
  /** Idempotency key: the same key is one generation. */
  readonly key: string;
  readonly weights: readonly RouteWeight[];
  readonly shadow: readonly number[];
  readonly reason: string;
  readonly actor: Actor;
}

/** Weights are compared with 100 up to what adding decimal fractions of a per cent may be off. */
const WEIGHT_TOLERANCE = 1e-6;

/**
 * A version takes live requests only after its approval, and not once it was taken back. One that was champion
 * returns by becoming champion: a route back to it was decided before another one followed, and comes too late.
 */
const ROUTABLE: ReadonlySet<VersionStage> = new Set(['approved', 'shadow', 'canary', 'bake', 'champion']);

/**
 * Writes the next generation, with its audit event, in the caller's transaction; gateways are told at commit.
 * Serial by a lock on the model's row.
 * @throws PerennialError MODEL_NOT_FOUND, ROUTE_INVALID with every problem
 */
export async function writeRoute(tx: Transaction, route: NewRoute): Promise<{ readonly generation: number }> {
  const { model, environment } = route;
  await lockModel(tx, route);
  const known = await generationOfKey(tx, route, route.key);
  if (known !== null) return { generation: known };
  const problems = [...weightProblems(route), ...(await versionProblems(tx, route))];
  if (problems.length > 0) {
    const list = problems.map((problem) => `${problem.path ?? ''} ${problem.message}`).join('; ');
    throw new PerennialError(ROUTE_INVALID, `The route of ${model} is not usable: ${list}`, { problems });
  }
  const { rows } = await tx.query<{ generation: number; champion: number | null }>(
    `INSERT INTO routes (model, environment, generation, key, weights, shadow, champion, reason, actor, created_at)
     SELECT $1, $2, coalesce(max(generation), 0) + 1, $3, $4, $5,
            (SELECT version FROM versions WHERE model = $1 AND environment = $2 AND stage = 'champion'),
            $6, $7, clock_timestamp()
       FROM routes WHERE model = $1 AND environment = $2
     RETURNING generation, champion`,
    [
      model,
      environment,
      route.key,
      JSON.stringify(route.weights),
      JSON.stringify(route.shadow),
      route.reason,
      route.actor.id,
    ],
  );
  const written = rows[0];
  if (!written) throw new Error('INSERT … RETURNING returns its row');
  const { generation, champion } = written;
  await appendAudit(tx, {
    actor: route.actor.id,
    action: 'route.changed',
    model,
    environment,
    data: { generation, weights: route.weights, shadow: route.shadow, champion, reason: route.reason },
  });
  await tx.query('SELECT pg_notify($1, $2)', [ROUTES_CHANNEL, model]);
  return { generation };
}

/** The generation that a key has set, or null. */
export async function generationOfKey(db: Queryable, ref: ModelRef, key: string): Promise<number | null> {
  const { rows } = await db.query<{ generation: number }>(
    'SELECT generation FROM routes WHERE model = $1 AND environment = $2 AND key = $3',
    [ref.model, ref.environment, key],
  );
  return rows[0]?.generation ?? null;
}

function weightProblems(route: NewRoute): Problem[] {
  const problems: Problem[] = [];
  const versions = [...route.weights.map((share) => share.version), ...route.shadow];
  if (new Set(versions).size !== versions.length)
    problems.push({ path: 'weights', message: `name a version twice: ${versions.join(', ')}` });
  for (const { version, weight } of route.weights)
    if (!(weight > 0))
      problems.push({ path: `weights[${version}]`, message: `is ${weight}; it must be above 0` });
  const sum = route.weights.reduce((total, share) => total + share.weight, 0);
  if (!(Math.abs(sum - 100) < WEIGHT_TOLERANCE))
    problems.push({ path: 'weights', message: `sum to ${sum}; they must sum to 100` });
  return problems;
}

async function versionProblems(tx: Transaction, route: NewRoute): Promise<Problem[]> {
  const wanted = [...route.weights.map((share) => share.version), ...route.shadow];
  const { rows } = await tx.query<{ version: number; stage: VersionStage; loadable: boolean }>(
    `SELECT version, stage, artifact IS NOT NULL AND signature IS NOT NULL AS loadable
       FROM versions WHERE model = $1 AND environment = $2 AND version = ANY ($3::int[])`,
    [route.model, route.environment, wanted],
  );
  return wanted.flatMap((version) => {
    const found = rows.find((row) => row.version === version);
    if (!found) return [{ path: `version ${version}`, message: 'does not exist' }];
    if (!found.loadable) return [{ path: `version ${version}`, message: 'has no registered model file' }];
    if (ROUTABLE.has(found.stage)) return [];
    const stages = [...ROUTABLE].join(', ');
    return [
      { path: `version ${version}`, message: `is ${found.stage}; a routed version is one of ${stages}` },
    ];
  });
}

interface RouteRow {
  model: string;
  environment: string;
  generation: number;
  weights: RouteWeight[];
  shadow: number[];
  champion: number | null;
  created_at: Date;
}

function toRoute(row: RouteRow): Route {
  const { created_at: createdAt, ...rest } = row;
  return { ...rest, createdAt: createdAt.getTime() };
}

const COLUMNS = 'model, environment, generation, weights, shadow, champion, created_at';

/** The newest generation of each model of an environment. */
export async function newestRoutes(db: Queryable, environment: string): Promise<Route[]> {
  const { rows } = await db.query<RouteRow>(
    `SELECT DISTINCT ON (model) ${COLUMNS} FROM routes WHERE environment = $1 ORDER BY model, generation DESC`,
    [environment],
  );
  return rows.map(toRoute);
}

/** The newest generation of each of these models that has a route. */
export async function newestGenerations(
  db: Queryable,
  environment: string,
  models: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await db.query<{ model: string; generation: number }>(
    `SELECT model, max(generation) AS generation FROM routes
      WHERE environment = $1 AND model = ANY ($2::text[]) GROUP BY model`,
    [environment, models],
  );
  return new Map(rows.map(({ model, generation }) => [model, generation]));
}

/** One generation; the newest when none is named. null where there is none. */
export async function findRoute(db: Queryable, ref: ModelRef, generation?: number): Promise<Route | null> {
  const { rows } = await db.query<RouteRow>(
    `SELECT ${COLUMNS} FROM routes WHERE model = $1 AND environment = $2 AND ($3::int IS NULL OR generation = $3)
     ORDER BY generation DESC LIMIT 1`,
    [ref.model, ref.environment, generation ?? null],
  );
  return rows[0] ? toRoute(rows[0]) : null;
}
