import { setTimeout as sleep } from 'node:timers/promises';
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import type { ArtifactStore } from '../src/artifacts/artifact-store.ts';
import type {
  AwaitRouteInput,
  MeasureRolloutInput,
  RolloutActivities,
} from '../src/contracts/activities/rollout.ts';
import type { ModelRef } from '../src/contracts/workflows/ids.ts';
import type { RolloutSamples } from '../src/domain/rollout-samples.ts';
import { PerennialError } from '../src/errors/define-error.ts';
import { VERSION_NOT_FOUND } from '../src/errors/lifecycle-errors.ts';
import { ROUTE_INVALID } from '../src/errors/registry-errors.ts';
import { GATEWAY_ABSENT, MODEL_UNLOADABLE, ROUTE_NOT_OBEYED } from '../src/errors/serving-errors.ts';
import { changeChampion } from '../src/registry/champion.ts';
import type { Database } from '../src/registry/database.ts';
import { withTransaction } from '../src/registry/database.ts';
import { GATEWAY_LIVE_MS, gatewayObedience } from '../src/registry/gateways.ts';
import { findRoute, writeRoute } from '../src/registry/routes.ts';
import { servableVersions } from '../src/registry/servable-versions.ts';
import { loadSpecRecord } from '../src/registry/specs.ts';
import { loadVersion, probeAnswers } from '../src/serving/loaded-version.ts';
import { measureAgreement, measureArm } from '../src/serving/measure-rollout.ts';
import type { PredictionLog } from '../src/serving/prediction-log.ts';

export interface RolloutActivityDependencies {
  readonly db: Database;
  readonly store: Pick<ArtifactStore, 'fetchFile'>;
  readonly log: PredictionLog;
}

const POLL_MS = 200;
/** Without any gateway for this long the attempt fails, so that the history says what is waited for. */
const ABSENT_AFTER_MS = 2 * GATEWAY_LIVE_MS;
/** How far a gateway's clock may be from the database's. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** The activities of the queue `rollout`; see `RolloutActivities` for what each guarantees. */
export function createRolloutActivities(deps: RolloutActivityDependencies): RolloutActivities {
  const { db, store, log } = deps;
  return {
    setRoute: (input) => withTransaction(db, (tx) => writeRoute(tx, input)),
    awaitRoute: (input) => awaitRoute(db, input),
    measureRollout: (input) => measureRollout(db, log, input),
    promoteChampion: (input) => withTransaction(db, (tx) => changeChampion(tx, input)),
    async verifyLoadable(input) {
      const startedAt = performance.now();
      const [servable] = await servableVersions(db, input, [input.version]);
      if (servable === undefined) throw await notServable(db, input);
      const loaded = await loadVersion(servable, await store.fetchFile(servable.artifact));
      try {
        await probeAnswers(loaded.predictor);
      } finally {
        await loaded.predictor.release();
      }
      return { loadMs: performance.now() - startedAt };
    },
  };
}

async function notServable(
  db: Database,
  ref: ModelRef & { readonly version: number },
): Promise<PerennialError> {
  const { rowCount } = await db.query(
    'SELECT 1 FROM versions WHERE model = $1 AND environment = $2 AND version = $3',
    [ref.model, ref.environment, ref.version],
  );
  const what = `version ${ref.version} of ${ref.model} in ${ref.environment}`;
  return rowCount === 0
    ? new PerennialError(VERSION_NOT_FOUND, `There is no ${what}.`)
    : new PerennialError(MODEL_UNLOADABLE, `There is no model file of ${what}; it was never registered.`);
}

async function awaitRoute(db: Database, input: AwaitRouteInput): Promise<{ readonly gateways: number }> {
  const signal = cancellationSignal();
  const giveUpAt = performance.now() + ABSENT_AFTER_MS;
  for (;;) {
    const gateways = await gatewayObedience(db, input);
    const refusing = gateways.find((one) => one.error !== null && (one.generation ?? 0) >= input.generation);
    if (refusing !== undefined) {
      const text = `Gateway ${refusing.gatewayId} does not obey generation ${input.generation} of ${input.model}: ${refusing.error ?? ''}`;
      throw new PerennialError(ROUTE_NOT_OBEYED, text, { details: { gateway: refusing.gatewayId } });
    }
    const waiting = gateways.filter((one) => (one.generation ?? 0) < input.generation);
    if (gateways.length > 0 && waiting.length === 0) return { gateways: gateways.length };
    if (gateways.length === 0 && performance.now() >= giveUpAt) {
      const text = `No gateway of ${input.environment} has been seen for ${GATEWAY_LIVE_MS / 1000} s; generation ${input.generation} of ${input.model} waits.`;
      throw new PerennialError(GATEWAY_ABSENT, text);
    }
    heartbeat({ waitingFor: waiting.map((one) => one.gatewayId) });
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function measureRollout(
  db: Database,
  log: PredictionLog,
  input: MeasureRolloutInput,
): Promise<RolloutSamples> {
  const { model, environment, generation, champion, challenger } = input;
  const route = await findRoute(db, input, generation);
  if (route === null)
    throw new PerennialError(ROUTE_INVALID, `Model ${model} has no route of generation ${generation}.`);
  const { rows } = await db.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  const measuredAt = rows[0]?.now.getTime() ?? Date.now();
  const { outcomes } = (await loadSpecRecord(db, { model, environment })).spec.serving;
  const shadowing = route.shadow.includes(challenger);
  const window = {
    model,
    environment,
    from: route.createdAt - CLOCK_TOLERANCE_MS,
    to: measuredAt + CLOCK_TOLERANCE_MS,
  };
  const arm = { generation, outcomes, measuredAt };
  const view = await log.open(window, { items: shadowing });
  try {
    return {
      generation,
      since: route.createdAt,
      measuredAt,
      champion:
        champion === null ? null : await measureArm(view, { ...arm, version: champion, role: 'live' }),
      challenger: await measureArm(view, {
        ...arm,
        version: challenger,
        role: shadowing ? 'shadow' : 'live',
      }),
      shadow: shadowing ? await measureAgreement(view, challenger, generation) : null,
    };
  } finally {
    view.close();
  }
}
