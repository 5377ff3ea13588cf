import { describe, expect, it } from 'vitest';
import { renderProduction } from '../../../src/cli/render-production.ts';
import type { ProductionState } from '../../../src/contracts/workflows/production.ts';
import { initialLifecycle } from '../../../src/domain/lifecycle/state.ts';
import { beginWait, describeWait, looked } from '../../../src/domain/production/new-examples.ts';
import { trigger } from '../../workflows/builders.ts';

const NOON = Date.UTC(2026, 4, 1, 12);
const wait = looked(
  beginWait({ min: 3_000, maxWait: 3_600_000 }, NOON, NOON),
  { training: 1_200, heldOut: 400 },
  null,
  NOON,
);

function lines(production: ProductionState | null): string[] {
  const made = { version: 4, trigger: trigger('t', { reason: 'conversion fell' }), startedAt: NOON };
  const lifecycle = { ...initialLifecycle(), production: { ...made, specRevision: 1, deadline: NOON } };
  return renderProduction({
    model: 'churn',
    live: { lifecycle, production, promotion: null, rollout: null },
  });
}
const state = { version: 4, startedAt: NOON };

describe('a version that is being produced is told', () => {
  it('by what it waits for, and how to go on now', () => {
    const told = lines({ ...state, step: 'wait', detail: describeWait(wait), newExamples: wait });
    expect(told).toEqual([
      'version 4 waits for 1,200 of 3,000 new examples to train on since 2026-05-01 12:00:00 UTC (400 are held out), at most until 2026-05-01 13:00:00 UTC; it is made because conversion fell',
      '  to go on with what there is: perennial trigger churn --reason "…"',
    ]);
  });

  it('by its step, and with how few new examples it went on', () => {
    const ended = { ...wait, end: { kind: 'max_wait' } } as const;
    expect(lines({ ...state, step: 'train', detail: 'training on 900 rows', newExamples: ended })).toEqual([
      'producing version 4 (train, training on 900 rows, with 1,200 of 3,000 new examples to train on since 2026-05-01 12:00:00 UTC (400 are held out): no more came within maxWait), because conversion fell',
    ]);
    expect(lines({ ...state, step: 'frame', detail: '' })).toEqual([
      'producing version 4 (frame), because conversion fell',
    ]);
    expect(lines(null)).toEqual(['producing version 4 (starting), because conversion fell']);
  });
});
