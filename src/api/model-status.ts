import type { ModelStatus } from '../contracts/api/answers.ts';
import { promotionId, produceVersionId, rolloutId } from '../contracts/workflows/ids.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { productionStateQuery } from '../contracts/workflows/production.ts';
import { promotionStateQuery } from '../contracts/workflows/promotion.ts';
import { rolloutStateQuery } from '../contracts/workflows/rollout.ts';
import { isPerennialError } from '../errors/define-error.ts';
import { currentRoute, listAliases } from '../registry/aliases.ts';
import { listIncidents } from '../registry/incidents.ts';
import { getModel } from '../registry/models.ts';
import type { ApiDependencies } from './api-instance.ts';

const MAX_INCIDENTS = 100;

type Live = NonNullable<ModelStatus['live']>;

async function liveState(deps: ApiDependencies, ref: ModelRef): Promise<Live> {
  const { lifecycle: client } = deps;
  const lifecycle = await client.lifecycleState(ref);
  const producing = lifecycle?.production?.version ?? null;
  const promoting = lifecycle?.promotion?.version ?? null;
  const [production, promotion, rollout] = await Promise.all([
    producing === null ? null : client.stateOf(productionStateQuery, produceVersionId(ref, producing)),
    promoting === null ? null : client.stateOf(promotionStateQuery, promotionId(ref, promoting)),
    promoting === null ? null : client.stateOf(rolloutStateQuery, rolloutId(ref, promoting)),
  ]);
  return { lifecycle, production, promotion, rollout };
}

/** Everything about a model at a glance. What the registry knows is told even while Temporal is away. */
export async function modelStatus(deps: ApiDependencies, ref: ModelRef): Promise<ModelStatus> {
  const summary = await getModel(deps.db, ref);
  const [aliases, route, incidents] = await Promise.all([
    listAliases(deps.db, ref),
    currentRoute(deps.db, ref),
    listIncidents(deps.db, { ...ref, limit: MAX_INCIDENTS }),
  ]);
  const status = {
    ...summary,
    aliases,
    route,
    incidents: incidents.filter((incident) => incident.status !== 'resolved'),
  };
  try {
    return { ...status, live: await liveState(deps, ref), liveProblem: null };
  } catch (error) {
    if (!isPerennialError(error)) throw error;
    return { ...status, live: null, liveProblem: error.message };
  }
}
