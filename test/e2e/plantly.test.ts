import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LedgerEntry } from '../../examples/plantly/simulator/shopper-ledger.ts';
import { productRoot } from '../../src/embedded/binaries.ts';
import { leaksOfPlantly } from '../leaks/plantly-leaks.ts';
import { StoryProcess } from './told-story.ts';
import type { ToldStory } from './told-story.ts';

const story = new StoryProcess('demo', '.perennial/demo/report.json');
let told: ToldStory;

const Numbered = z.object({ version: z.number() });
const Invasive = Numbered.extend({
  rule: z.object({
    gate: z.string(),
    verdict: z.object({ kind: z.string(), reason: z.string() }),
    evidence: z.object({
      rows: z.array(z.object({ name: z.string(), region: z.string(), invasive_in: z.array(z.string()) })),
    }),
  }),
});
const Webhook = z.object({
  deliveryId: z.string(),
  payload: z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) }),
});
const Alert = z.object({
  mails: z.number(),
  slack: z.number(),
  incident: z.object({ status: z.string(), acknowledgedBy: z.string() }),
});
const Retraining = Numbered.extend({
  trigger: z.object({ source: z.string() }),
  strikes: z.number(),
});
const Audit = z.object({
  approval: z.object({ actor: z.string(), evidenceHash: z.string() }),
  served: z.object({ champion: z.number().nullable() }),
  auditEvents: z.number(),
});
const Totals = z.object({
  visits: z.number(),
  ranked: z.number(),
  refused: z.number(),
  unsettled: z.number(),
  orders: z.number(),
  feedback: z.number(),
  converted: z.number(),
});

beforeAll(async () => {
  told = await story.told();
});
afterAll(() => story.stop());

describe('the life of the plant recommender', () => {
  it('comes true from the first sale to the audit', () => {
    expect(told.exitCode).toBe(0);
    expect(told.report.steps.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('makes version 1, which its author may not approve', () => {
    expect(told.facts('produce-v1', Numbered).version).toBe(1);
    expect(told.step('self-approval').facts['code']).toBe('APPROVAL_SELF');
  });

  it('tells of version 1 by one signed webhook', () => {
    const { deliveryId, payload } = told.facts('webhook-v1', Webhook);
    expect(deliveryId).toMatch(/^msg_[0-9a-f]{32}$/);
    expect(payload).toMatchObject({ type: 'version.registered', data: { version: 1, to: 'candidate' } });
  });

  it('quarantines a broken log file and tells of it', () => {
    const { mails, slack } = told.facts('bad-batch', z.object({ mails: z.number(), slack: z.number() }));
    expect(Math.min(mails, slack)).toBeGreaterThan(0);
  });

  it('rejects version 2 by the rows that break the compliance rule', () => {
    const { version, rule } = told.facts('invasive-rejected', Invasive);
    expect([version, rule.gate, rule.verdict.kind]).toEqual([2, 'never-recommend-invasive', 'fail']);
    expect(rule.evidence.rows.length).toBeGreaterThan(0);
    for (const { region, invasive_in } of rule.evidence.rows) expect(invasive_in).toContain(region);
  });

  it('rolls version 3 back in seconds once the pandemic breaks it, and pages on-call', () => {
    expect(told.facts('produce-v2', Numbered).version).toBe(3);
    const { incident } = told.facts(
      'pandemic',
      z.object({ incident: z.object({ severity: z.string(), facts: z.record(z.string(), z.string()) }) }),
    );
    expect(incident).toMatchObject({ severity: 'critical', facts: { version: '3' } });
    expect(told.facts('rollback', z.object({ seconds: z.coerce.number() })).seconds).toBeLessThan(60);
    const alert = told.facts('alert', Alert);
    expect(alert.mails).toBeGreaterThan(0);
    expect(alert.slack).toBeGreaterThan(0);
    expect(alert.incident.acknowledgedBy).toBe('olu');
  });

  it('replaces it by a retraining that a finding asked for', () => {
    const { version, trigger, strikes } = told.facts('retraining', Retraining);
    expect(trigger.source).toBe('finding');
    expect(version).toBe(4 + strikes);
    expect(told.step('recovered').ok).toBe(true);
  });

  it('shows an auditor who allowed what, on which evidence, unbroken', () => {
    const { approval, auditEvents } = told.facts('auditor', Audit);
    expect(approval.actor).toBe('miguel');
    expect(approval.evidenceHash).toMatch(/^[0-9a-f]{64}$/);
    expect(auditEvents).toBeGreaterThan(30);
  });

  it('leaves none of its secrets in histories, tables, objects, logs, messages or files that others may read', async () => {
    expect(await leaksOfPlantly()).toEqual([]);
  });

  it("agrees with the shop's own ledger, visit by visit", () => {
    const totals = told.facts('books', Totals);
    const ledger = readFileSync(join(productRoot(), '.perennial/plantly/ledger.ndjson'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as LedgerEntry);
    const count = (holds: (entry: LedgerEntry) => boolean): number => ledger.filter(holds).length;
    expect(totals).toEqual({
      visits: ledger.length,
      ranked: count(({ kind }) => kind === 'ranked'),
      refused: 0,
      unsettled: 0,
      orders: ledger.reduce((sum, { orderIds }) => sum + orderIds.length, 0),
      feedback: count(({ feedbackEventId }) => feedbackEventId !== null),
      converted: count(({ converted }) => converted),
    });
    expect(new Set(ledger.map(({ requestId }) => requestId)).size).toBe(ledger.length);
  });
});
