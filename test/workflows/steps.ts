import { expect } from 'vitest';
import { promotionId, rolloutId } from '../../src/contracts/workflows/ids.ts';
import {
  findingsReportedSignal,
  lifecycleStateQuery,
  requestVersionUpdate,
} from '../../src/contracts/workflows/lifecycle.ts';
import { decideUpdate, promotionStateQuery } from '../../src/contracts/workflows/promotion.ts';
import { rolloutStateQuery } from '../../src/contracts/workflows/rollout.ts';
import type { Actor } from '../../src/domain/actor.ts';
import type { Finding } from '../../src/domain/finding.ts';
import type { LifecycleState } from '../../src/domain/lifecycle/state.ts';
import type { Trigger } from '../../src/domain/trigger.ts';
import { EMIL, trigger } from './builders.ts';
import { eventually, REF, startLifecycle } from './time-skipping.ts';
import type { Stage } from './time-skipping.ts';
import type { World } from './world.ts';

/** One model of its own on the stage, with the commands that tests give. */
export interface Life {
  readonly model: string;
  readonly handle: Awaited<ReturnType<typeof startLifecycle>>;
  readonly until: (what: string, holds: () => boolean | Promise<boolean>, withinMs?: number) => Promise<void>;
  readonly request: (key: string, parts?: Partial<Trigger>) => Promise<unknown>;
  readonly promotion: (version: number) => ReturnType<Stage['env']['client']['workflow']['getHandle']>;
  readonly rollout: (version: number) => ReturnType<Stage['env']['client']['workflow']['getHandle']>;
  readonly approve: (version: number, actor?: Actor, evidenceHash?: string) => Promise<unknown>;
  /** Waits until the version asks for approval, and approves it. */
  readonly passApproval: (version: number) => Promise<void>;
  readonly state: () => Promise<LifecycleState>;
  /** Waits until the version is champion: in the registry, and for the lifecycle, which hears of it afterwards. */
  readonly untilChampion: (version: number) => Promise<void>;
  readonly promote: (version: number) => Promise<void>;
  readonly report: (...findings: Finding[]) => Promise<void>;
}

let models = 0;
let passes = 0;

/** Starts a lifecycle over the world, and answers what `body` does. */
export async function live<T>(stage: Stage, world: World, body: (life: Life) => Promise<T>): Promise<T> {
  models += 1;
  const model = `model-${models}`;
  const ref = { model, environment: REF.environment };
  stage.worlds.set(model, world);
  const handle = await startLifecycle(stage, model);
  const { workflow } = stage.env.client;
  const until: Life['until'] = (what, holds, withinMs) => eventually(stage, what, holds, withinMs);
  const promotion: Life['promotion'] = (version) => workflow.getHandle(promotionId(ref, version));
  const waitsForApproval = async (version: number): Promise<boolean> => {
    if (world.stage(version) !== 'validated') return false;
    const { approval } = await promotion(version).query(promotionStateQuery);
    return approval?.status === 'open';
  };
  const life: Life = {
    model,
    handle,
    until,
    promotion,
    rollout: (version) => workflow.getHandle(rolloutId(ref, version)),
    request: (key, parts) => handle.executeUpdate(requestVersionUpdate, { args: [trigger(key, parts)] }),
    approve: (version, actor = EMIL, evidenceHash = `evidence-of-${version}`) =>
      promotion(version).executeUpdate(decideUpdate, {
        args: [{ actor, decision: 'approve', reason: 'read the card', evidenceHash }],
      }),
    async passApproval(version) {
      await until(`v${version} waits for approval`, () => waitsForApproval(version));
      await life.approve(version);
    },
    state: () => handle.query(lifecycleStateQuery),
    untilChampion: (version) =>
      until(`v${version} is champion`, async () => {
        if (world.champion !== version) return false;
        const { champion, promotion } = await life.state();
        return champion === version && promotion === null;
      }),
    async promote(version) {
      await life.request(`produce-${version}`);
      await life.passApproval(version);
      await life.untilChampion(version);
    },
    async report(...findings) {
      passes += 1;
      const version = findings[0]?.version ?? 0;
      await handle.signal(findingsReportedSignal, { passId: `pass-${passes}`, version, findings });
    },
  };
  // It is left running and idle: terminating it under a call in flight stops the test server's clock.
  return await body(life);
}

/** A command was refused before it entered history, with this code. */
export async function expectRefused(command: Promise<unknown>, code: string): Promise<void> {
  await expect(command).rejects.toMatchObject({ cause: { type: code } });
}

export async function rolloutPhase(life: Life, version: number): Promise<string> {
  try {
    const state = await life.rollout(version).query(rolloutStateQuery);
    return `${state.phase}-${state.weight}${state.paused ? '-paused' : ''}`;
  } catch {
    return 'none';
  }
}
