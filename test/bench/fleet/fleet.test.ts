import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApprovalCrowd } from './approvals.ts';
import { FleetWorld, MEASURED, modelName } from './fleet-world.ts';
import { costBetween, idle, idlePerModel, inAll, perModel, triggerEach } from './measure.ts';
import type { FleetSize } from './measure.ts';
import { printTable } from './print-table.ts';
import { storm } from './storm.ts';

/**
 * What a fleet of models, a storm of webhooks and a crowd of open approvals cost: `npm run bench -- fleet`. Figures
 * are printed; only ratios fail, because absolute times are the machine's. Smaller: FLEET_MODELS=10,30,100 and so on.
 */
const numbers = (name: string, otherwise: string): number[] =>
  (process.env[name] ?? otherwise).split(',').map(Number);
const SIZES = numbers('FLEET_MODELS', '100,300,1000');
const [IDLE_SECONDS = 60] = numbers('FLEET_IDLE_SECONDS', '60');
const [TRIGGERS = 40] = numbers('FLEET_TRIGGERS', '40');
const [WEBHOOKS = 10_000] = numbers('FLEET_WEBHOOKS', '10000');
/** What the storm offers, with a tenth of it once more. */
const PER_SECOND = 1_000;
const [APPROVALS = 1_000] = numbers('FLEET_APPROVALS', '5000');
/** As many workflows as the control worker keeps in memory: MAX_CACHED_WORKFLOWS of workers/start-worker.ts. */
const CACHED = Math.min(300, Math.ceil(APPROVALS / 2));

/** More than this, from the smallest fleet to the largest, is news. */
const NEWS = 1.5;
/** Of clock times, which on a shared machine differ from one minute to the next. */
const CLOCK_NEWS = 2.5;
const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;
const mib = (bytes: number): string => (bytes / MIB).toFixed(1);

/** Models that are asked at each size; the oldest are asked once more at the end, so they are others. */
const ASKED = Math.min(TRIGGERS, Math.floor(Math.min(...SIZES) / 2));

const triggerRows = (models: number, what: string, cpu: FleetSize['idle']): (string | number)[][] => [
  [models, `CPU for ${what}, ms`, inAll(cpu).toFixed(1)],
  ...MEASURED.map((name) => [models, `of it ${name}`, cpu[name].toFixed(1)]),
];

function judge(title: string, ratios: Readonly<Record<string, number>>, limit: number): void {
  printTable(
    [title, 'ratio'],
    Object.entries(ratios).map(([name, ratio]) => [name, ratio.toFixed(2)]),
  );
  for (const [name, ratio] of Object.entries(ratios)) expect(ratio, name).toBeLessThan(limit);
}

let world: FleetWorld;
const sizes: FleetSize[] = [];

describe('a fleet', () => {
  beforeAll(async () => {
    world = await FleetWorld.open();
  }, HOUR_MS);
  afterAll(() => world.close(), HOUR_MS);

  it('costs as much for each model when it is large as when it is small', { timeout: HOUR_MS }, async () => {
    const empty = { models: 0, resting: world.costs(), idle: await idle(world, IDLE_SECONDS) };
    let applied = 0;
    for (const models of SIZES) {
      const before = world.costs();
      const startedAt = Date.now();
      await world.apply(applied, models);
      const applySeconds = (Date.now() - startedAt) / 1000;
      const applyCpu = costBetween(before, world.costs());
      const resting = await idle(world, IDLE_SECONDS);
      // The newest models are in the worker's memory. None of them was asked before, and each costs a production that
      // stays under way.
      const asked = Array.from({ length: ASKED }, (_, i) => modelName(models - 1 - i));
      const rest = world.costs();
      const latency = await triggerEach(world, asked, resting);
      const applies = models - applied;
      sizes.push({ models, applies, applySeconds, applyCpu, idle: resting, resting: rest, latency });
      applied = models;
    }
    const oldest = Array.from({ length: ASKED }, (_, i) => modelName(i));
    const replayed = await triggerEach(world, oldest, sizes.at(-1)!.idle);
    const rows = sizes.flatMap((size) => {
      const { accepted, acted, cpu } = size.latency;
      return [
        [size.models, 'apply, s each', (size.applySeconds / size.applies).toFixed(3)],
        ...MEASURED.map((name) => [size.models, `RSS ${name}, MiB`, mib(size.resting[name].rssBytes)]),
        ...(['worker-control', 'temporal'] as const).map((name) => [
          size.models,
          `RSS ${name}, MiB per model`,
          mib(perModel(empty, size, name)),
        ]),
        ...MEASURED.map((name) => [
          size.models,
          `idle CPU ${name}, ms a minute`,
          (size.idle[name] * 60).toFixed(0),
        ]),
        [
          size.models,
          'trigger accepted p50/p95, ms',
          `${accepted.p50.toFixed(0)} / ${accepted.p95.toFixed(0)}`,
        ],
        [size.models, 'production started p50/p95, ms', `${acted.p50.toFixed(0)} / ${acted.p95.toFixed(0)}`],
        ...triggerRows(size.models, 'a trigger', cpu),
      ];
    });
    printTable(
      ['models', 'measured', 'value'],
      [
        ...MEASURED.map((name) => [0, `RSS ${name}, MiB`, mib(empty.resting[name].rssBytes)]),
        ...MEASURED.map((name) => [0, `idle CPU ${name}, ms a minute`, (empty.idle[name] * 60).toFixed(0)]),
        ...rows,
        ...triggerRows(applied, 'a trigger of the oldest models', replayed.cpu),
      ],
    );
    const [small, large] = [sizes[0]!, sizes.at(-1)!];
    const ratios = {
      // The first models fill what the heap had free anyway; from the full cache on, memory must not grow.
      'RSS in all, worker-control, last two sizes':
        large.resting['worker-control'].rssBytes / sizes.at(-2)!.resting['worker-control'].rssBytes,
      'RSS per model, temporal': perModel(empty, large, 'temporal') / perModel(empty, small, 'temporal'),
      'CPU at rest per model, temporal': idlePerModel(empty, large) / idlePerModel(empty, small),
      'CPU for an apply': large.applyCpu / large.applies / (small.applyCpu / small.applies),
      'CPU for a trigger': inAll(large.latency.cpu) / inAll(small.latency.cpu),
    };
    const clockRatios = {
      'a trigger accepted, p50': large.latency.accepted.p50 / small.latency.accepted.p50,
      'from a trigger to its production, p50': large.latency.acted.p50 / small.latency.acted.p50,
    };
    const title = `${String(large.models)} models against ${String(small.models)}`;
    judge(title, ratios, NEWS);
    judge(`${title}, clock times`, clockRatios, CLOCK_NEWS);
  });

  it.each([1, Math.min(100, SIZES[0]!)])(
    'answers every webhook of a storm at %d models: none is lost, none counts twice, one production runs',
    { timeout: HOUR_MS },
    async (models) => {
      const { table, problems } = await storm(world, { models, webhooks: WEBHOOKS, perSecond: PER_SECOND });
      printTable(
        [`${String(WEBHOOKS)} webhooks, ${String(PER_SECOND)} a second, at ${String(models)} models`, ''],
        table,
      );
      expect(problems).toEqual([]);
    },
  );
});

describe('approvals that wait', () => {
  let crowd: ApprovalCrowd;
  beforeAll(async () => {
    world = await FleetWorld.open();
    crowd = await ApprovalCrowd.open(world);
  }, HOUR_MS);
  afterAll(async () => {
    await crowd.close();
    await world.close();
  }, HOUR_MS);

  it(
    'cost no more processor time when they are many, and no more memory than the worker keeps workflows',
    { timeout: HOUR_MS },
    async () => {
      const { table, ratios } = await crowd.measure({
        cached: CACHED,
        all: APPROVALS,
        models: 20,
        seconds: IDLE_SECONDS,
      });
      printTable([`${String(APPROVALS)} open approvals`, ''], table);
      judge(`${String(APPROVALS)} open approvals against ${String(CACHED)}`, ratios, NEWS);
    },
  );
});
