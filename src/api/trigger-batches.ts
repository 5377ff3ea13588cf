import type { ModelRef } from '../contracts/workflows/ids.ts';
import { lifecycleId } from '../contracts/workflows/ids.ts';
import type { Trigger, TriggerAnswer } from '../domain/trigger.ts';

/** Updates that this process has under way at one lifecycle; Temporal takes ten from all processes together. */
const MAX_UNDER_WAY = 2;
/** With the longest reason a batch stays far below what Temporal takes in one payload (2 MiB). */
const MAX_BATCH = 100;

/** Sends triggers to one lifecycle in one call; answers come in their order. */
type SendTriggers = (
  ref: ModelRef,
  triggers: readonly Trigger[],
  waitedMs: number,
) => Promise<readonly TriggerAnswer[]>;

interface Waiting {
  readonly trigger: Trigger;
  readonly since: number;
  readonly resolve: (answer: TriggerAnswer) => void;
  readonly reject: (error: unknown) => void;
}

interface Line {
  readonly ref: ModelRef;
  readonly waiting: Waiting[];
  underWay: number;
}

/**
 * Asks lifecycles for versions. A trigger goes alone and at once unless several are under way at its model already;
 * then it waits for one of them to be answered, and goes together with all that came meanwhile. A storm at one model
 * so becomes a few updates, and each of its triggers still gets an answer of its own.
 */
export function createTriggerBatches(
  send: SendTriggers,
): (ref: ModelRef, trigger: Trigger) => Promise<TriggerAnswer> {
  const lines = new Map<string, Line>();

  async function sendWaiting(line: Line): Promise<void> {
    const batch = line.waiting.splice(0, MAX_BATCH);
    const [oldest] = batch;
    if (oldest === undefined) return;
    line.underWay += 1;
    try {
      const triggers = batch.map(({ trigger }) => trigger);
      const answers = await send(line.ref, triggers, performance.now() - oldest.since);
      batch.forEach(({ resolve, reject }, index) => {
        const answer = answers[index];
        if (answer === undefined) reject(new TypeError(`trigger ${String(index)} of a batch got no answer`));
        else resolve(answer);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      line.underWay -= 1;
      if (line.waiting.length > 0) void sendWaiting(line);
      else if (line.underWay === 0) lines.delete(lifecycleId(line.ref));
    }
  }

  return (ref, trigger) =>
    new Promise((resolve, reject) => {
      const id = lifecycleId(ref);
      const line: Line = lines.get(id) ?? { ref, waiting: [], underWay: 0 };
      lines.set(id, line);
      line.waiting.push({ trigger, since: performance.now(), resolve, reject });
      if (line.underWay < MAX_UNDER_WAY) void sendWaiting(line);
    });
}
