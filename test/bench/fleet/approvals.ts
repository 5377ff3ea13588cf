import { NativeConnection, Worker } from '@temporalio/worker';
import { TASK_QUEUE } from '../../../src/contracts/task-queues.ts';
import { promotionId } from '../../../src/contracts/workflows/ids.ts';
import type { PromoteVersionInput } from '../../../src/contracts/workflows/promotion.ts';
import { promotionStateQuery } from '../../../src/contracts/workflows/promotion.ts';
import type { DataActivities } from '../../../src/contracts/activities/data.ts';
import { candidate, gateReportOf, writeGateReport } from '../../integration/registry/registry-fixture.ts';
import { MEASURED, modelName } from './fleet-world.ts';
import type { FleetWorld } from './fleet-world.ts';
import { costBetween, idle, inAll, quantiles } from './measure.ts';

const STARTS_AT_ONCE = 8;
const DECISIONS = 20;
const POLL_MS = 500;
const MIB = 1024 * 1024;
const REQUESTER = { id: 'emil', roles: ['data-scientist'] } as const;

/** Promotions that passed their gates and wait for people, with the gates' verdicts written by this process. */
export class ApprovalCrowd {
  readonly #world: FleetWorld;
  readonly #worker: Worker;
  readonly #running: Promise<void>;

  private constructor(world: FleetWorld, worker: Worker) {
    this.#world = world;
    this.#worker = worker;
    this.#running = worker.run();
  }

  static async open(world: FleetWorld): Promise<ApprovalCrowd> {
    const { stack, db } = world;
    const connection = await NativeConnection.connect({ address: stack.env['TEMPORAL_ADDRESS'] ?? '' });
    const namespace = stack.env['TEMPORAL_NAMESPACE'] ?? '';
    const assessGates: DataActivities['assessGates'] = async ({ version, champion, ...ref }) => {
      const report = gateReportOf(version, champion);
      await writeGateReport(db, ref, report);
      return report;
    };
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: TASK_QUEUE.data,
      activities: { assessGates },
    });
    return new ApprovalCrowd(world, worker);
  }

  async close(): Promise<void> {
    this.#worker.shutdown();
    await this.#running;
  }

  /** Promotions that wait for people now, as Temporal's own list has them. */
  async waiting(): Promise<number> {
    const query =
      "WorkflowType = 'promoteVersion' AND ExecutionStatus = 'Running' AND PerennialStage = 'approval'";
    return (await this.#world.client.workflow.count(query)).count;
  }

  /**
   * Opens approvals up to `cached`, then up to `all`, rests, and lets a person decide on the oldest. The ratios are of
   * what waits: all of them against those that the worker keeps in memory.
   */
  async measure({
    cached,
    all,
    models,
    seconds,
  }: {
    cached: number;
    all: number;
    models: number;
    seconds: number;
  }): Promise<{ table: (string | number)[][]; ratios: Readonly<Record<string, number>> }> {
    const world = this.#world;
    await world.apply(0, models);
    const empty = await this.#rest(seconds);
    const startedAt = Date.now();
    const before = world.costs();
    const waiting = await this.#open(0, cached, models);
    const small = await this.#rest(seconds);
    const between = world.costs();
    waiting.push(...(await this.#open(cached, all, models)));
    const cpu = costBetween(between, world.costs()) / Math.max(1, all - cached);
    const openSeconds = (Date.now() - startedAt) / 1000 - seconds;
    const large = await this.#rest(seconds);
    const decided = await this.#decide(waiting.slice(0, DECISIONS));
    const { p50, p95 } = quantiles(decided);
    const memory = (name: 'worker-control' | 'temporal') =>
      [empty, small, large].map(({ costs }) => (costs[name].rssBytes / MIB).toFixed(0)).join(' / ');
    const steps = `at 0 / ${String(cached)} / ${String(all)}`;
    const rss = (rest: typeof small, name: 'worker-control' | 'temporal') => rest.costs[name].rssBytes;
    const eachInTemporal = (rest: typeof small, approvals: number) =>
      (rss(rest, 'temporal') - rss(empty, 'temporal')) / approvals;
    const ratios = {
      'CPU at rest, all processes': inAll(large.cpuMs) / inAll(small.cpuMs),
      'RSS in all, worker-control': rss(large, 'worker-control') / rss(small, 'worker-control'),
      'RSS per approval, temporal': eachInTemporal(large, all) / eachInTemporal(small, cached),
    };
    const table = [
      ['seconds to open them', openSeconds.toFixed(0)],
      ['CPU to open one, ms', cpu.toFixed(1)],
      ['CPU for the first of them in all, ms', costBetween(before, between)],
      [`RSS worker-control ${steps}, MiB`, memory('worker-control')],
      [`RSS temporal ${steps}, MiB`, memory('temporal')],
      ...MEASURED.map((name) => [
        `idle CPU ${name} ${steps}, ms a minute`,
        [empty, small, large].map(({ cpuMs }) => (cpuMs[name] * 60).toFixed(0)).join(' / '),
      ]),
      ['a decision on the oldest, p50/p95, ms', `${p50.toFixed(0)} / ${p95.toFixed(0)}`],
    ];
    return { table, ratios };
  }

  async #rest(seconds: number) {
    const cpuMs = await idle(this.#world, seconds);
    return { cpuMs, costs: this.#world.costs() };
  }

  /** Starts promotions `from` to `to - 1`, over the models by turns, and returns once all of them wait. */
  async #open(from: number, to: number, models: number): Promise<PromoteVersionInput[]> {
    const { db, client, environment } = this.#world;
    const opened: PromoteVersionInput[] = [];
    let next = from;
    const work = async (): Promise<void> => {
      while (next < to) {
        const index = next++;
        const ref = { model: modelName(index % models), environment };
        const version = await candidate(db, ref, `approval-${String(index)}`);
        const input = { ...ref, version, specRevision: 1, champion: null, requestedBy: REQUESTER };
        await client.workflow.start('promoteVersion', {
          taskQueue: TASK_QUEUE.control,
          workflowId: promotionId(ref, version),
          args: [input],
        });
        opened.push(input);
      }
    };
    await Promise.all(Array.from({ length: STARTS_AT_ONCE }, work));
    while ((await this.waiting()) < to) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    return opened;
  }

  /** Approves through the API; these workflows have long left the worker's memory. Milliseconds each. */
  async #decide(waiting: readonly PromoteVersionInput[]): Promise<number[]> {
    const took: number[] = [];
    for (const { model, environment, version } of waiting) {
      const handle = this.#world.client.workflow.getHandle(promotionId({ model, environment }, version));
      const evidenceHash = gateReportOf(version).evidenceHash;
      const startedAt = Date.now();
      const answer = await this.#world.post(`/v1/models/${model}/versions/${String(version)}/approve`, {
        reason: 'read the card',
        evidenceHash,
      });
      took.push(Date.now() - startedAt);
      if (answer.status !== 200) throw new Error(`${handle.workflowId}: ${JSON.stringify(answer)}`);
      const { approval } = await handle.query(promotionStateQuery);
      if (approval?.status !== 'approved') throw new Error(`${handle.workflowId} is not approved`);
    }
    return took;
  }
}
