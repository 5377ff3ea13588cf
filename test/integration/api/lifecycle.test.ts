/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-call -- answers are looked into as JSON */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refreshSchedules } from '../../../src/api/spec-application.ts';
import { monitorScheduleId, retrainScheduleId } from '../../../src/contracts/workflows/ids.ts';
import { cronProblem, timezoneProblem } from '../../../src/spec/check-schedule.ts';
import { CRONS, TIMEZONES } from '../../unit/spec/schedules-given.ts';
import { ENVIRONMENT, specInput } from '../registry/registry-fixture.ts';
import { ApiWorld, until } from './api-fixture.ts';

let world: ApiWorld;
let ada: string;
let emil: string;
let otto: string;
beforeAll(async () => {
  world = await ApiWorld.open();
  await world.startWorkers();
  [ada, emil, otto] = await Promise.all([
    world.tokenFor('ada', 'data-scientist'),
    world.tokenFor('emil', 'ml-engineer'),
    world.tokenFor('otto', 'on-call'),
  ]);
});
afterAll(() => world.close());

const spec = (name: string, parts = {}) =>
  specInput(name, {
    rollout: {
      shadow: null,
      weights: [50, 100],
      step: { duration: '1s', minSamples: 1, maxDuration: '1h' },
      bake: { duration: '1s' },
      interval: '1s',
    },
    retraining: { schedule: { every: '12h' } },
    monitoring: { every: '1h', monitors: [{ type: 'staleness', name: 'old', maxAge: '90d' }] },
    ...parts,
  });
const apply = (name: string, parts = {}) =>
  world.call(ada, 'POST', '/v1/models', { spec: spec(name, parts) });
const status = (name: string) => world.call(ada, 'GET', `/v1/models/${name}`);
const trigger = (name: string, key: string, token = ada) =>
  world.call(token, 'POST', `/v1/models/${name}/trigger`, { reason: 'try it', idempotencyKey: key });
/** Waits for the approval of a version and answers the hash of the evidence it is asked for. */
async function approvalOf(name: string): Promise<string> {
  const answer = await until(
    'an approval is open',
    () => status(name),
    ({ body }) => body.live?.promotion?.approval?.status === 'open',
  );
  return answer.body.live.promotion.approval.evidenceHash as string;
}

describe('a version that is validated again', () => {
  const again = (version: number | string, token = ada) =>
    world.call(token, 'POST', `/v1/models/again/versions/${version}/revalidate`, { reason: 'rule mended' });

  it('keeps its approval open while it waits, and is refused once it has moved on', async () => {
    await apply('again');
    await trigger('again', 'first');
    const evidenceHash = await approvalOf('again');
    expect((await again(1)).body).toEqual({ specRevision: 1, approvalOpen: true });
    await until(
      'it has ended',
      () => status('again'),
      ({ body }) => body.live?.lifecycle?.revalidation === null,
    );
    const path = '/v1/models/again/versions/1';
    expect((await world.call(emil, 'POST', `${path}/approve`, { reason: 'ok', evidenceHash })).status).toBe(
      200,
    );
    // In the registry and for the lifecycle, which says for a moment only that its promotion is being finished.
    await until(
      'version 1 is champion',
      () => status('again'),
      ({ body }) => body.champion === 1 && body.live?.lifecycle?.promotion === null,
    );
    expect(await again(1)).toMatchObject({
      status: 409,
      body: {
        error: { code: 'VERSION_NOT_CANDIDATE', message: expect.stringContaining('champion') as string },
      },
    });
    expect((await again(9)).body.error.code).toBe('VERSION_NOT_FOUND');
    expect((await again('x')).body.error.code).toBe('INPUT_INVALID');
    expect((await again(1, otto)).status).toBe(403);
  });
});

describe('a model', () => {
  it('is applied, triggered, approved, rolled out and becomes champion through the API alone', async () => {
    expect((await apply('whole')).body).toMatchObject({ revision: 1, changed: true });
    expect((await trigger('whole', 'first')).body).toEqual({ kind: 'started', version: 1 });
    const evidenceHash = await approvalOf('whole');
    const path = '/v1/models/whole/versions/1';
    const good = { reason: 'metrics are good', evidenceHash };

    const stale = { ...good, evidenceHash: 'f'.repeat(64) };
    expect(await world.call(emil, 'POST', `${path}/approve`, stale)).toMatchObject({
      status: 409,
      body: { error: { code: 'APPROVAL_EVIDENCE_STALE' } },
    });
    const selfApprover = await world.tokenFor('ada', 'ml-engineer');
    expect(await world.call(selfApprover, 'POST', `${path}/approve`, good)).toMatchObject({
      status: 403,
      body: { error: { code: 'APPROVAL_SELF' } },
    });
    expect((await world.call(emil, 'POST', `${path}/approve`, good)).body).toMatchObject({
      status: 'approved',
    });

    const done = await until(
      'version 1 is champion',
      () => status('whole'),
      ({ body }) => body.champion === 1,
    );
    expect(done.body.route).toMatchObject({ champion: 1, weights: [{ version: 1, weight: 100 }] });
    const card = await world.call(ada, 'GET', `${path}/card?format=markdown`);
    expect(card.headers.get('content-type')).toContain('text/markdown');
    expect(card.text).toContain('metrics are good');
    const served = await world.call(
      ada,
      'GET',
      `/v1/models/whole/served-at?time=${new Date(Date.now() + 1000).toISOString()}`,
    );
    expect(served.body).toMatchObject({ champion: 1, versions: [{ version: 1, weight: 100 }] });
    const timeline = await world.call(ada, 'GET', '/v1/models/whole/timeline');
    const texts = timeline.body.entries.map((entry: { text: string }) => entry.text) as string[];
    expect(texts.some((text) => text.includes('metrics are good'))).toBe(true);
    expect((await world.call(ada, 'GET', '/v1/audit/verify')).body.kind).toBe('whole');
    expect((await world.call(ada, 'GET', `${path}/lineage`)).body.serving.length).toBeGreaterThan(0);
  });

  it('answers a repeated trigger key as the first time and produces once', async () => {
    await apply('once');
    const first = await trigger('once', 'same');
    const again = await trigger('once', 'same');
    expect(again.body).toEqual(first.body);
    await approvalOf('once');
    const { body } = await world.call(ada, 'GET', '/v1/models/once/versions');
    expect(body.versions).toHaveLength(1);
  });

  it('is rejected by a person who says why, and stays out', async () => {
    await apply('unloved');
    await trigger('unloved', 'k');
    const evidenceHash = await approvalOf('unloved');
    const compliance = await world.tokenFor('cleo', 'compliance', 'ml-engineer');
    const rejected = await world.call(compliance, 'POST', '/v1/models/unloved/versions/1/reject', {
      reason: 'recommends an invasive plant',
      evidenceHash,
    });
    expect(rejected.body).toMatchObject({ status: 'denied' });
    await until(
      'the version is denied',
      () => world.call(ada, 'GET', '/v1/models/unloved/versions/1'),
      ({ body }) => body.stage === 'denied',
    );
    const decisions = await world.call(ada, 'GET', '/v1/models/unloved/versions/1/decisions');
    expect(decisions.text).toContain('recommends an invasive plant');
  });

  it('lets a person hold a rollout, carry on, and promote at once', async () => {
    await apply('steered');
    world.script.requests = 0;
    await trigger('steered', 'k');
    const evidenceHash = await approvalOf('steered');
    const path = '/v1/models/steered/versions/1';
    await world.call(emil, 'POST', `${path}/approve`, { reason: 'fine', evidenceHash });
    await until(
      'the rollout runs',
      () => status('steered'),
      ({ body }) => body.live?.rollout !== null && body.live?.rollout !== undefined,
    );
    const steer = (command: string) =>
      world.call(emil, 'POST', `${path}/rollout/${command}`, { reason: 'by hand' });
    expect((await steer('resume')).body.error.code).toBe('ROLLOUT_NOT_PAUSED');
    expect((await steer('pause')).body).toEqual({ done: true });
    expect((await status('steered')).body.live.rollout.paused).toMatchObject({ by: 'emil' });
    expect((await steer('resume')).body).toEqual({ done: true });
    expect((await steer('promote')).body).toEqual({ done: true });
    world.script.requests = 1000;
    await until(
      'version 1 is champion',
      () => status('steered'),
      ({ body }) => body.champion === 1,
    );
    expect((await steer('abort')).body.error.code).toBe('ROLLOUT_NOT_RUNNING');
  });
});

describe('pausing', () => {
  it('is refused twice, stops only the retraining schedule, and is lifted by resume', async () => {
    await apply('paused');
    const ref = { model: 'paused', environment: ENVIRONMENT };
    const isPaused = async (id: string) =>
      (await world.client.schedule.getHandle(id).describe()).state.paused;
    const path = '/v1/models/paused';
    expect((await world.call(otto, 'POST', `${path}/pause`, { reason: 'holiday' })).body).toEqual({
      done: true,
    });
    expect(await isPaused(retrainScheduleId(ref))).toBe(true);
    expect(await isPaused(monitorScheduleId(ref))).toBe(false);
    expect(await world.call(otto, 'POST', `${path}/pause`, { reason: 'again' })).toMatchObject({
      status: 409,
      body: { error: { code: 'LIFECYCLE_PAUSED' } },
    });
    expect((await trigger('paused', 'k')).body.kind).toBe('waiting');
    await apply('paused', { description: 'applied while paused' });
    expect(await isPaused(retrainScheduleId(ref))).toBe(true);
    expect((await world.call(otto, 'POST', `${path}/resume`, { reason: 'back' })).body).toEqual({
      done: true,
    });
    expect(await isPaused(retrainScheduleId(ref))).toBe(false);
    expect((await world.call(otto, 'POST', `${path}/resume`, { reason: 'back' })).body.error.code).toBe(
      'LIFECYCLE_NOT_PAUSED',
    );
  });
});

describe('applying', () => {
  it('shows a difference and changes nothing with dryRun', async () => {
    const preview = await world.call(ada, 'POST', '/v1/models', { spec: spec('dry'), dryRun: true });
    expect(preview.body).toMatchObject({ revision: 1, changed: true, dryRun: true, schedules: [] });
    expect((await status('dry')).status).toBe(404);
  });

  it('makes, changes and removes schedules as the spec says, and is idempotent', async () => {
    const ref = { model: 'timed', environment: ENVIRONMENT };
    const first = await apply('timed');
    expect(first.body.schedules).toEqual([monitorScheduleId(ref), retrainScheduleId(ref)]);
    expect((await apply('timed')).body).toMatchObject({ changed: false, schedules: first.body.schedules });
    const handle = world.client.schedule.getHandle(retrainScheduleId(ref));
    expect((await handle.describe()).policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 86_400_000 });
    const watch = world.client.schedule.getHandle(monitorScheduleId(ref));
    expect((await watch.describe()).policies.catchupWindow).toBe(600_000);
    const offsets = await Promise.all(
      [monitorScheduleId(ref), retrainScheduleId(ref), monitorScheduleId({ ...ref, model: 'whole' })].map(
        async (id) => (await world.client.schedule.getHandle(id).describe()).spec.intervals?.[0]?.offset,
      ),
    );
    expect(new Set(offsets).size, 'models with one interval fire at different times').toBe(3);
    await apply('timed', { retraining: { schedule: { every: '6h' } } });
    expect((await handle.describe()).spec.intervals?.[0]?.every).toBe(6 * 3_600_000);
    await apply('timed', { retraining: {} });
    await expect(handle.describe()).rejects.toThrow();
  });

  it('leaves the schedules of the newer of two specs that are applied at once', async () => {
    const ref = { model: 'raced', environment: ENVIRONMENT };
    await apply('raced');
    const deps = world.deps();
    let overtaken = false;
    const lifecycle: typeof deps.lifecycle = {
      ...deps.lifecycle,
      async lifecycleState(of) {
        if (!overtaken) {
          overtaken = true;
          await apply('raced', { retraining: { schedule: { every: '6h' } } });
        }
        return deps.lifecycle.lifecycleState(of);
      },
    };
    await refreshSchedules({ ...deps, lifecycle }, ref);
    const { spec: standing } = await world.client.schedule.getHandle(retrainScheduleId(ref)).describe();
    expect(standing.intervals?.[0]?.every).toBe(6 * 3_600_000);
  });

  it('refuses a schedule that Temporal would, and stores nothing of it', async () => {
    const answer = await world.call(ada, 'POST', '/v1/models', {
      spec: spec('untimely', { retraining: { schedule: { cron: '0 25 * * *' } } }),
    });
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { code: 'SPEC_INVALID', problems: [{ path: 'retraining.schedule.cron' }] } },
    });
    expect((await status('untimely')).status).toBe(404);
  });

  it('says that a stored spec is to blame for a schedule that Temporal refuses', async () => {
    await apply('untimely-before');
    await world.db.query(
      `UPDATE model_specs SET spec = jsonb_set(spec, '{retraining,schedule}', '{"cron": "0 25 * * *", "timezone": "UTC"}')
        WHERE model = 'untimely-before'`,
    );
    const answer = await world.call(otto, 'POST', '/v1/models/untimely-before/pause', { reason: 'a look' });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'SPEC_INVALID' } } });
  });

  it.each([
    ...CRONS.taken.map((cron) => [cron, 'UTC', true] as const),
    ...CRONS.refused.map((cron) => [cron, 'UTC', false] as const),
    ...TIMEZONES.taken.map((timezone) => ['0 3 * * *', timezone, true] as const),
    ...TIMEZONES.refused.map((timezone) => ['0 3 * * *', timezone, false] as const),
  ])('judges the schedule %s in %s as Temporal does', async (cron, timezone, taken) => {
    const { schedule } = world.client;
    const create = schedule.create({
      scheduleId: 'judged',
      spec: { cronExpressions: [cron], timezone },
      action: { type: 'startWorkflow', workflowType: 'none', taskQueue: 'none' },
      state: { paused: true },
    });
    if (taken) await (await create).delete();
    else await expect(create).rejects.toThrow();
    expect(cronProblem(cron) === null && timezoneProblem(timezone) === null).toBe(taken);
  });

  it('stores the trainer files as one bundle, whatever their order', async () => {
    const files = ['train.py', 'lib/model.py'].map((path) => ({
      path,
      contentBase64: Buffer.from(`# ${path}`).toString('base64'),
    }));
    const send = (list: unknown) =>
      world.call(ada, 'POST', '/v1/models', { spec: spec('bundled'), files: list });
    expect((await send(files)).body.changed).toBe(true);
    expect((await send([...files].reverse())).body.changed).toBe(false);
  });
});

describe('a rollback', () => {
  it('is refused with its reason where there is no earlier champion', async () => {
    await apply('young');
    const answer = await world.call(otto, 'POST', '/v1/models/young/rollback', { reason: 'bad' });
    expect(answer).toMatchObject({ status: 409, body: { error: { code: 'ROLLBACK_TARGET_INVALID' } } });
  });
});
