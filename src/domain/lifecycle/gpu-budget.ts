import { budgetDay } from './budget-day.ts';
import type { LifecycleState } from './state.ts';

const HOUR_MS = 3_600_000;
/** How trainers name what they ran on, such as `cuda (NVIDIA H100)`; `cpu (asked for cuda, but …)` is none. */
const GPU_DEVICE = /^(cuda|gpu|rocm|hip|xpu|mps)\b/i;

/**
 * GPU time of a run that ended: its duration times its GPUs. A run that told its device counts if that was a GPU. One that
 * failed has told nothing, and counts for as long as it took if its trainer had asked for GPUs.
 */
export function gpuTimeMs(
  run: { readonly device: string | null; readonly durationMs: number; readonly failed: boolean },
  requestedGpus: number,
): number {
  const onGpu = run.failed ? requestedGpus > 0 : run.device !== null && GPU_DEVICE.test(run.device);
  return onGpu ? run.durationMs * Math.max(1, requestedGpus) : 0;
}

/** GPU time that has been used on the day of `now`, in UTC. */
export function gpuTimeOfDay(budget: LifecycleState['budget'], now: number): number {
  return budget.day === budgetDay(now) ? (budget.gpuMs ?? 0) : 0;
}

/** Adds the GPU time of a run to the day on which it ended. */
export function withGpuTime(state: LifecycleState, gpuMs: number, now: number): LifecycleState {
  if (gpuMs <= 0) return state;
  const day = budgetDay(now);
  const used = state.budget.day === day ? state.budget.used : 0;
  return { ...state, budget: { day, used, gpuMs: gpuTimeOfDay(state.budget, now) + gpuMs } };
}

/** Whether the day's GPU hours are used up. A run is never cut off for it: the next one waits. */
export function isGpuBudgetSpent(
  state: LifecycleState,
  hoursPerDay: number | undefined,
  now: number,
): boolean {
  return hoursPerDay !== undefined && gpuTimeOfDay(state.budget, now) >= hoursPerDay * HOUR_MS;
}
