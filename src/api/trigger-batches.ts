import type { ModelRef } from '../contracts/workflows/ids.ts';
import { lifecycleId } from '../contracts/workflows/ids.ts';
import type { Trigger, TriggerAnswer } from '../domain/trigger.ts';
import { CallGroups } from './call-groups.ts';

const LIMITS = {
  /** Temporal takes ten updates of one workflow at a time, from all processes together. */
  maxUnderWay: 2,
  /** With the longest reason a batch stays far below what Temporal takes in one payload (2 MiB). */
  maxCalls: 100,
  /** An update costs Temporal and the worker some 15 ms of processor time, however many triggers it brings. */
  paceMs: 50,
} as const;

/** Sends triggers to one lifecycle in one call; answers come in their order. */
type SendTriggers = (
  ref: ModelRef,
  triggers: readonly Trigger[],
  waitedMs: number,
) => Promise<readonly TriggerAnswer[]>;

/** Asks lifecycles for versions: a storm at one model becomes a few updates, and each trigger still gets its answer. */
export function createTriggerBatches(
  send: SendTriggers,
): (ref: ModelRef, trigger: Trigger) => Promise<TriggerAnswer> {
  const lines = new Map<string, CallGroups<Trigger, TriggerAnswer>>();

  return async (ref, trigger) => {
    const id = lifecycleId(ref);
    const line =
      lines.get(id) ??
      new CallGroups<Trigger, TriggerAnswer>((triggers, waitedMs) => send(ref, triggers, waitedMs), LIMITS);
    lines.set(id, line);
    try {
      return await line.ask(trigger);
    } finally {
      if (line.idle) lines.delete(id);
    }
  };
}
