import { describe, expect, it } from 'vitest';
import { nextNudge, nudged, openedIncident } from '../../../../src/domain/incident/transitions.ts';

const SECOND = 1000;

/** When which nudge comes, in seconds after the incident opened, as long as nobody answers. */
function nudges(remindEvery: number, escalateAfter: number | null, many: number, lateBy = 0): string[] {
  const policy = {
    remindEvery: remindEvery * SECOND,
    ...(escalateAfter === null ? {} : { escalation: { after: escalateAfter * SECOND, email: [] } }),
  };
  let state = openedIncident('i', 'title', 0);
  return Array.from({ length: many }, () => {
    const nudge = nextNudge(state, 0, policy);
    if (nudge === null) return 'none';
    const now = nudge.at + lateBy * SECOND;
    state = nudged(state, nudge, { openedAt: 0, remindEvery: policy.remindEvery, now });
    return `${nudge.kind} ${String(nudge.at / SECOND)}`;
  });
}

describe('an incident that nobody answers', () => {
  it('is reminded of again and again', () => {
    expect(nudges(30, null, 3)).toEqual(['remind 30', 'remind 60', 'remind 90']);
  });

  it('is escalated once, which is the reminder of that moment too', () => {
    expect(nudges(30, 60, 4)).toEqual(['remind 30', 'escalate 60', 'remind 90', 'remind 120']);
    expect(nudges(30, 75, 4)).toEqual(['remind 30', 'remind 60', 'escalate 75', 'remind 90']);
  });

  it('is reminded of never where the spec says 0s, and escalated all the same', () => {
    expect(nudges(0, null, 1)).toEqual(['none']);
    expect(nudges(0, 60, 2)).toEqual(['escalate 60', 'none']);
    expect(nudges(0, 0, 2)).toEqual(['escalate 0', 'none']);
  });

  it('gets no heap of reminders after nobody could send them for a while', () => {
    expect(nudges(30, 60, 4, 600)).toEqual(['remind 30', 'escalate 60', 'remind 690', 'remind 1320']);
  });
});
