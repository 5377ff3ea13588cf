import { setTimeout as sleep } from 'node:timers/promises';
import { produceVersionId } from '../../../src/contracts/workflows/ids.ts';
import { MEASURED } from './fleet-world.ts';
import type { Costs, FleetWorld, Measured } from './fleet-world.ts';

type Cpu = Readonly<Record<Measured, number>>;

export interface Latency {
  readonly asked: number;
  readonly accepted: { readonly p50: number; readonly p95: number };
  readonly acted: { readonly p50: number; readonly p95: number };
  /** Milliseconds for each trigger, less what the fleet used at rest in the same time. */
  readonly cpu: Cpu;
}

export interface FleetSize {
  readonly models: number;
  readonly applies: number;
  readonly applySeconds: number;
  readonly applyCpu: number;
  readonly resting: Costs;
  /** Milliseconds of processor time in a second at rest. */
  readonly idle: Cpu;
  readonly latency: Latency;
}

/** Waits until nothing is left to do, then measures for `seconds`: each process's milliseconds a second. */
export async function idle(world: FleetWorld, seconds: number): Promise<Cpu> {
  await settled(world);
  const before = world.costs();
  await sleep(seconds * 1000);
  return cpuBetween(before, world.costs(), (ms) => ms / seconds);
}

function cpuBetween(before: Costs, after: Costs, of: (ms: number, name: Measured) => number): Cpu {
  return Object.fromEntries(
    MEASURED.map((name) => [name, of(after[name].cpuMs - before[name].cpuMs, name)]),
  ) as Cpu;
}

const SETTLE_MS = 5_000;
const QUIET_SHARE = 0.1;
const LONGEST_SETTLE_MS = 120_000;

/** Quiet: the control worker has used less than a tenth of a processor for five seconds. */
async function settled(world: FleetWorld): Promise<void> {
  const deadline = Date.now() + LONGEST_SETTLE_MS;
  for (let last = world.costs(); Date.now() < deadline;) {
    await sleep(SETTLE_MS);
    const now = world.costs();
    if (now['worker-control'].cpuMs - last['worker-control'].cpuMs < SETTLE_MS * QUIET_SHARE) return;
    last = now;
  }
}

export function costBetween(before: Costs, after: Costs): number {
  return MEASURED.reduce((sum, name) => sum + after[name].cpuMs - before[name].cpuMs, 0);
}

export function inAll(cpu: Cpu): number {
  return MEASURED.reduce((sum, name) => sum + cpu[name], 0);
}

/** Bytes of memory that the process holds for each model beyond what it held for none. */
export function perModel(empty: { readonly resting: Costs }, size: FleetSize, name: Measured): number {
  return (size.resting[name].rssBytes - empty.resting[name].rssBytes) / size.models;
}

/** What Temporal uses for each model at rest beyond what it used for none, in milliseconds a second. */
export function idlePerModel(empty: { readonly idle: Cpu }, size: FleetSize): number {
  return (size.idle.temporal - empty.idle.temporal) / size.models;
}

/** Asks each model once, one after the other: the answer, and when the production that it began was started. */
export async function triggerEach(
  world: FleetWorld,
  models: readonly string[],
  atRest: Cpu,
): Promise<Latency> {
  const accepted: number[] = [];
  const acted: number[] = [];
  const before = world.costs();
  const startedAt = Date.now();
  for (const model of models) {
    const askedAt = Date.now();
    const answer = await world.post(`/v1/models/${model}/trigger`, {
      reason: 'bench',
      idempotencyKey: 'bench',
    });
    accepted.push(Date.now() - askedAt);
    const { kind, version } = answer.body as { kind: string; version: number };
    if (kind !== 'started') throw new Error(`${model} answered ${JSON.stringify(answer)}`);
    const workflowId = produceVersionId({ model, environment: world.environment }, version);
    acted.push((await startOf(world, workflowId)) - askedAt);
  }
  await settled(world);
  const seconds = (Date.now() - startedAt) / 1000;
  const cpu = cpuBetween(before, world.costs(), (ms, name) => (ms - atRest[name] * seconds) / models.length);
  return { asked: models.length, accepted: quantiles(accepted), acted: quantiles(acted), cpu };
}

const POLL_MS = 20;

/** When Temporal started the workflow, by its own record; the poll adds nothing to it. */
async function startOf(world: FleetWorld, workflowId: string): Promise<number> {
  const handle = world.client.workflow.getHandle(workflowId);
  for (;;) {
    const found = await handle.describe().catch(() => null);
    if (found !== null) return found.startTime.getTime();
    await sleep(POLL_MS);
  }
}

export function quantiles(values: readonly number[]): {
  p50: number;
  p95: number;
  p99: number;
  longest: number;
} {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), longest: at(1) };
}
