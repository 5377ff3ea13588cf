import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { StoryProcess } from './told-story.ts';
import type { ToldStory } from './told-story.ts';

const story = new StoryProcess('flights', '.perennial/flights-demo/report.json');
let told: ToldStory;

const Findings = z.array(
  z.object({ status: z.enum(['ok', 'breach', 'insufficient_data', 'error']), value: z.number().nullable() }),
);
const Told = z.object({ mails: z.number(), slack: z.number() });
const Totals = z.object({
  flights: z.number(),
  late: z.number(),
  refused: z.number(),
  unsettled: z.number(),
  byVersion: z.record(z.string(), z.object({ flights: z.number(), late: z.number() })),
});

beforeAll(async () => {
  told = await story.told();
});
afterAll(() => story.stop());

describe('the life of a model on real flights', () => {
  it('comes true from the first file to the audit', () => {
    expect(told.exitCode).toBe(0);
    expect(told.report.steps.filter(({ ok }) => !ok)).toEqual([]);
    expect(told.report.steps).toHaveLength(18);
  });

  it('makes version 1 of the winter, which its author may not approve', () => {
    expect(told.facts('winter-lands', z.object({ flights: z.number() })).flights).toBe(60446);
    expect(told.facts('champion-first', z.object({ version: z.number() })).version).toBe(1);
    expect(told.step('self-approval').facts['code']).toBe('APPROVAL_SELF');
  });

  it('answers a client of the Open Inference Protocol, and flights that no data tell of', () => {
    const { inferred } = told.facts(
      'open-inference',
      z.object({ inferred: z.object({ model_version: z.string() }) }),
    );
    expect(inferred.model_version).toBe('1');
    expect(told.facts('unknown-airport', z.object({ score: z.number() })).score).toBeLessThan(1);
  });

  it('stays quiet in March and notices by itself that in May fewer flights are late', () => {
    expect(told.step('quiet').facts['status']).toBe('ok');
    const { findings, seconds } = told.facts('spring', z.object({ findings: Findings, seconds: z.number() }));
    const breaches = findings.filter(({ status }) => status === 'breach');
    expect(breaches.length).toBeGreaterThanOrEqual(2);
    for (const { value } of breaches) expect(value).toBeLessThan(-0.12);
    expect(seconds).toBeLessThan(200);
    const { mails, slack } = told.facts('alert', Told);
    expect(Math.min(mails, slack)).toBeGreaterThan(0);
  });

  it('replaces the champion by a retraining that the finding asked for', () => {
    const { version, trigger } = told.facts(
      'retraining',
      z.object({ version: z.number(), trigger: z.object({ source: z.string() }) }),
    );
    expect([version, trigger.source]).toEqual([2, 'finding']);
    expect(told.step('recovered').facts['resolvedBy']).toBe('system:monitor');
  });

  it('loses no flight and leaves an unbroken audit', () => {
    const totals = told.facts('books', Totals);
    expect([totals.refused, totals.unsettled]).toEqual([0, 0]);
    const versions = Object.values(totals.byVersion);
    expect(versions.reduce((sum, { flights }) => sum + flights, 0)).toBe(totals.flights);
    expect(Object.keys(totals.byVersion)).toEqual(['1', '2']);
    const { auditEvents, approvedBy } = told.facts(
      'auditor',
      z.object({ auditEvents: z.number(), approvedBy: z.string() }),
    );
    expect(approvedBy).toBe('miguel');
    expect(auditEvents).toBeGreaterThan(20);
  });
});
