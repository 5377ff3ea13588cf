import { describe, expect, it } from 'vitest';
import { gpuTimeMs, gpuTimeOfDay } from '../../../../src/domain/lifecycle/gpu-budget.ts';
import { productionFinished, productionStarted } from '../../../../src/domain/lifecycle/productions.ts';
import { initialLifecycle } from '../../../../src/domain/lifecycle/state.ts';
import type { LifecycleState } from '../../../../src/domain/lifecycle/state.ts';
import { applyTrigger } from '../../../../src/domain/lifecycle/triggers.ts';
import { nextWake, wake } from '../../../../src/domain/lifecycle/wake.ts';
import { trigger } from '../../../workflows/builders.ts';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 4, 1, 12);
const MIDNIGHT = Date.UTC(2026, 4, 2);
const context = (now = NOON) => ({
  model: 'm',
  environment: 'prod',
  retraining: { coolDown: 0, dailyBudget: 50, gpuHoursPerDay: 4, maxStrikes: 3 },
  now,
});

function produced(state: LifecycleState, key: string, gpuHours: number, now = NOON): LifecycleState {
  const version = 1;
  const asked = applyTrigger(state, trigger(key), context(now));
  expect(asked.answer.kind).toBe('started');
  const running = productionStarted(
    asked.state,
    { version, specRevision: 1, deadline: now + HOUR },
    context(now),
  );
  const outcome = { kind: 'failed', version, code: 'X', reason: 'x', gpuMs: gpuHours * HOUR } as const;
  return productionFinished(running.state, outcome, context(now)).state;
}

describe('the GPU time of a run', () => {
  it.each([
    ['cuda (NVIDIA H100)', 2, 2 * HOUR],
    ['cuda:1', 0, HOUR],
    ['mps', 1, HOUR],
    ['cpu', 2, 0],
    ['cpu (asked for cuda, but PyTorch finds no CUDA device)', 2, 0],
    [null, 2, 0],
  ])('on %s with %i GPUs asked for is its duration times the GPUs, or nothing', (device, gpus, expected) => {
    expect(gpuTimeMs({ device, durationMs: HOUR, failed: false }, gpus)).toBe(expected);
  });

  it('that failed counts when its trainer had asked for GPUs', () => {
    expect(gpuTimeMs({ device: null, durationMs: HOUR, failed: true }, 4)).toBe(4 * HOUR);
    expect(gpuTimeMs({ device: null, durationMs: HOUR, failed: true }, 0)).toBe(0);
  });
});

describe('the GPU hours of a day', () => {
  it('let productions start until they are spent, and hold the next one until midnight', () => {
    const once = produced(initialLifecycle(), 'a', 3);
    const twice = produced(once, 'b', 1.5);
    const held = applyTrigger(twice, trigger('c'), context());
    expect(held.answer).toEqual({ kind: 'waiting', reason: "today's 4 GPU hours are spent" });
    expect(nextWake(held.state, context())).toBe(MIDNIGHT);
    expect(wake(held.state, context(MIDNIGHT - 1)).effects).toEqual([]);
    const next = wake(held.state, context(MIDNIGHT));
    expect(next.effects.map(({ kind }) => kind)).toEqual(['start_production']);
    expect(gpuTimeOfDay(next.state.budget, MIDNIGHT)).toBe(0);
  });

  it('count a run on the day on which it ended', () => {
    const late = produced(initialLifecycle(), 'a', 3, MIDNIGHT - 1);
    const state = produced(late, 'b', 3, MIDNIGHT);
    expect(gpuTimeOfDay(state.budget, MIDNIGHT)).toBe(3 * HOUR);
    expect(state.budget.used).toBe(1);
  });

  it('hold nobody where the spec names none, and none for runs without a GPU', () => {
    const { gpuHoursPerDay: _none, ...retraining } = context().retraining;
    const spent = { ...initialLifecycle(), budget: { day: '2026-05-01', used: 1, gpuMs: 99 * HOUR } };
    expect(applyTrigger(spent, trigger('c'), { ...context(), retraining }).answer.kind).toBe('started');
    expect(produced(initialLifecycle(), 'a', 0).budget).toEqual({ day: '2026-05-01', used: 1 });
  });
});
