import type { ModelStatus } from '../../src/contracts/api/answers.ts';
import { systemActor } from '../../src/domain/actor.ts';
import type { VersionStage } from '../../src/domain/version-stage.ts';
import { isFinal } from '../../src/domain/version-stage.ts';
import type { Person } from './person.ts';
import { NotSeen } from './story.ts';
import { until } from './until.ts';

type Tell = (detail: string) => void;

const ROLLOUT_ITSELF = systemActor('rollout').id;

/** What is under way, in a few words. */
export function inShort(status: ModelStatus): string {
  const { live, route } = status;
  const traffic = route
    ? route.weights.map(({ version, weight }) => `v${version} ${weight} %`).join(' ')
    : '';
  if (live?.rollout && live.rollout.phase !== 'finished') {
    const { phase, weight, paused } = live.rollout;
    if (paused) return `v${live.rollout.version} paused in ${phase} · ${traffic} · ${paused.reason}`;
    const look = live.rollout.looks.findLast((last) => last.phase === phase && last.weight === weight);
    return `v${live.rollout.version} ${live.rollout.phase} · ${traffic}${look ? ` · ${look.verdict.kind}: ${look.verdict.reason}` : ''}`;
  }
  if (live?.promotion && live.promotion.phase !== 'finished')
    return `v${live.promotion.version} ${live.promotion.phase} · ${traffic}`;
  if (live?.production) {
    const { version, step, detail } = live.production;
    return `v${version} ${step === 'wait' ? '' : `${step} `}${detail} · ${traffic}`;
  }
  return traffic;
}

/** Waits until a version newer than `after` exists and tells its number. */
export async function untilNewVersion(
  who: Person,
  model: string,
  after: number,
  timeoutMs: number,
  tell: Tell,
): Promise<number> {
  return until(`a version after ${after}`, timeoutMs, async () => {
    const status = await who.status(model);
    tell(inShort(status));
    return status.latestVersion !== null && status.latestVersion > after ? status.latestVersion : undefined;
  });
}

/** Waits until the version reaches one of the stages; a final stage that is none of them ends the wait at once. */
export async function untilStage(
  who: Person,
  model: string,
  version: number,
  stages: readonly VersionStage[],
  timeoutMs: number,
  tell: Tell,
  onLook: (status: ModelStatus) => Promise<void> = () => Promise.resolve(),
): Promise<VersionStage> {
  let last = '';
  return until(
    `version ${version} ${stages.join(' or ')}`,
    timeoutMs,
    async () => {
      const [{ stage }, status] = await Promise.all([who.version(model, version), who.status(model)]);
      last = `${stage} · ${inShort(status)}`;
      tell(last);
      if (stages.includes(stage)) return stage;
      await onLook(status);
      const ended =
        isFinal(stage) || ((stage === 'rolled_back' || stage === 'retired') && !stages.includes(stage));
      if (ended) throw new NotSeen(`version ${version} ended as ${stage}, not ${stages.join(' or ')}`);
      return undefined;
    },
    () => last,
  );
}

/** Waits until a rollout has made the version champion. When it asks a person whether to go on, `engineer` says yes. */
export async function untilChampion(
  engineer: Person,
  model: string,
  version: number,
  timeoutMs: number,
  tell: Tell,
): Promise<void> {
  await untilStage(engineer, model, version, ['champion'], timeoutMs, tell, async ({ live }) => {
    const rollout = live?.rollout;
    if (rollout?.version !== version || rollout.paused?.by !== ROLLOUT_ITSELF) return;
    await engineer.resumeRollout(model, version, 'Traffic is fine; go on');
  });
}

/** Waits until the version asks for approval. */
export async function untilApprovalOpen(
  who: Person,
  model: string,
  version: number,
  timeoutMs: number,
  tell: Tell,
): Promise<void> {
  await until(`version ${version} asks for approval`, timeoutMs, async () => {
    const status = await who.status(model);
    tell(inShort(status));
    const promotion = status.live?.promotion;
    if (
      promotion?.version === version &&
      promotion.phase === 'approval' &&
      promotion.approval?.status === 'open'
    )
      return true;
    const { stage } = await who.version(model, version);
    if (isFinal(stage)) {
      const report = await who.gates(model, version);
      throw new NotSeen(`version ${version} ended as ${stage}${report ? `: ${report.verdict.reason}` : ''}`);
    }
    return undefined;
  });
}
