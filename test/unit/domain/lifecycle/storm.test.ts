import { describe, expect, it } from 'vitest';
import { productionFinished, productionStarted } from '../../../../src/domain/lifecycle/productions.ts';
import { PROCESSED_KEYS_LIMIT } from '../../../../src/domain/lifecycle/processed-keys.ts';
import { initialLifecycle } from '../../../../src/domain/lifecycle/state.ts';
import { applyTrigger } from '../../../../src/domain/lifecycle/triggers.ts';
import { trigger } from '../../../workflows/builders.ts';

const STORM = 10_000;
/** Well below the half megabyte at which Temporal begins to warn. */
const MOST_STATE_BYTES = 256 * 1024;
const context = {
  model: 'm',
  environment: 'prod',
  retraining: { coolDown: 0, dailyBudget: 50, maxStrikes: 3 },
  now: Date.UTC(2026, 4, 1),
};
const deadline = context.now + 3_600_000;

describe('a storm of 10,000 webhooks, each delivered twice', () => {
  it('becomes one production that serves them all, in a state of bounded size', () => {
    const first = applyTrigger(initialLifecycle(), trigger('first'), context).state;
    let state = productionStarted(first, { version: 1, specRevision: 1, deadline }, context).state;
    for (let i = 0; i < STORM; i += 1) {
      const webhook = trigger(`delivery-${String(i)}`, { source: 'webhook' });
      const taken = applyTrigger(state, webhook, context);
      expect(taken.answer.kind).toBe(i === 0 ? 'waiting' : 'coalesced');
      const again = applyTrigger(taken.state, webhook, context);
      expect(again).toEqual({ ...taken, effects: [] });
      state = again.state;
    }
    expect(state.waitingTrigger?.trigger.key).toBe(`delivery-${String(STORM - 1)}`);
    expect(state.processedKeys).toHaveLength(PROCESSED_KEYS_LIMIT);
    expect(JSON.stringify(state).length).toBeLessThan(MOST_STATE_BYTES);

    const ended = productionFinished(state, { kind: 'candidate', version: 1 }, context);
    const starts = ended.effects.filter(({ kind }) => kind === 'start_production');
    expect(starts).toMatchObject([{ trigger: { key: `delivery-${String(STORM - 1)}` } }]);
    expect(ended.state.waitingTrigger).toBeNull();
  });
});
