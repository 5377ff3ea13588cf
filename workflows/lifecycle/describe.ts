import type { ModelRef } from '../../src/contracts/workflows/ids.ts';
import type { LifecycleState } from '../../src/domain/lifecycle/state.ts';

/** The stage and the text that Temporal's UI shows of a lifecycle. */
export function describeLifecycle(state: LifecycleState, ref: ModelRef): [stage: string, details: string] {
  const { production, promotion, rollback, paused, champion, waitingTrigger, episode } = state;
  const lines = [
    `**${ref.model}** in ${ref.environment}: champion ${champion === null ? 'none yet' : `version ${String(champion)}`}`,
    paused === null ? null : `- **paused** by ${paused.by}: ${paused.reason}`,
    production === null ? null : `- version ${String(production.version)} is in production`,
    promotion === null
      ? null
      : `- version ${String(promotion.version)} is in promotion (${promotion.status})`,
    state.waitingCandidate === null
      ? null
      : `- version ${String(state.waitingCandidate.version)} waits for its promotion`,
    waitingTrigger === null
      ? null
      : `- waiting trigger: ${waitingTrigger.trigger.reason} (absorbed ${String(waitingTrigger.absorbed.length)})`,
    rollback === null ? null : `- rollback from version ${String(rollback.from)}: ${rollback.status}`,
    episode === null ? null : `- drift episode: ${episode.cause} (${String(episode.strikes)} strikes)`,
    ...Object.entries(state.incidents).map(([monitor, id]) => `- incident of ${monitor}: ${id}`),
  ];
  return [stageOf(state), lines.filter((line) => line !== null).join('\n')];
}

function stageOf(state: LifecycleState): string {
  if (state.rollback?.status === 'running' || state.rollback?.status === 'waiting') return 'rolling_back';
  if (state.paused !== null) return 'paused';
  if (state.promotion !== null) return 'promoting';
  if (state.production !== null || state.starting !== null) return 'producing';
  return state.champion === null ? 'empty' : 'serving';
}
