import { describe, expect, it } from 'vitest';
import type { Notice } from '../../../src/contracts/activities/control.ts';
import { clip, factLabel } from '../../../src/notifications/appearance.ts';
import { messageIdOf } from '../../../src/notifications/email-channel.ts';
import { recipientsOf } from '../../../src/notifications/recipients.ts';
import { renderEmail } from '../../../src/notifications/render-email.ts';
import { renderSlack } from '../../../src/notifications/render-slack.ts';

const notice: Notice = {
  model: 'plant-recommender',
  environment: 'prod',
  key: 'incident/1/opened',
  thread: 'incident/1',
  kind: 'incident_opened',
  severity: 'critical',
  title: 'One plant for everybody',
  text: 'plant_id ficus is first in 98 % of 412 rankings (limit 55 %).',
  facts: { version: '2', monitorName: 'one-for-all', empty: '' },
  actions: [],
  escalate: false,
};
const links = [
  { label: 'Acknowledge', url: 'https://perennial.example/act/abc' },
  { label: 'View', url: 'https://perennial.example/act/def?a=1&b=2' },
];
const hostile = `<script>alert("x")</script> & <!channel> <https://evil.example|click>`;

it('tells what became of an incident as an update, not as the alarm again', () => {
  const note: Notice = { ...notice, kind: 'incident_note', text: 'Rolled back from version 3 to version 1.' };
  expect(renderSlack(note, []).text).toBe('Update: One plant for everybody');
  expect(renderEmail(note, []).subject).toContain('Update: One plant for everybody');
});

describe('a Slack message', () => {
  it('has header, text, facts, buttons and where it is about', () => {
    const { text, blocks } = renderSlack(notice, links);
    expect(text).toBe('Critical: One plant for everybody');
    expect(blocks.map((block) => block['type'])).toEqual([
      'header',
      'section',
      'section',
      'actions',
      'context',
    ]);
    expect(JSON.stringify(blocks)).toContain('*Monitor name*');
    expect(JSON.stringify(blocks)).not.toContain('Empty');
  });

  it('shows what others wrote literally: no mention and no link can be smuggled in', () => {
    const { text, blocks } = renderSlack(
      { ...notice, title: hostile, text: hostile, facts: { [hostile]: hostile }, model: hostile },
      [],
    );
    const written = [text, ...blocks.slice(1).map((block) => JSON.stringify(block))].join('');
    expect(written).not.toMatch(/<!|<http|<script/);
  });

  it("keeps within Slack's limits", () => {
    const long = '<'.repeat(10_000);
    const facts = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`fact${i}`, long]));
    const many = Array.from({ length: 30 }, (_, i) => ({
      label: `Link ${'x'.repeat(100)}`,
      url: `https://e.x/${i}`,
    }));
    const { blocks } = renderSlack({ ...notice, title: long, text: long, facts }, many);
    const [header, section, ...rest] = blocks as unknown as [
      { text: { text: string } },
      { text: { text: string } },
      ...{ fields: { text: string }[] }[],
    ];
    const actions = rest.at(-2) as unknown as { elements: { text: { text: string } }[] };
    expect(header.text.text.length).toBeLessThanOrEqual(150);
    expect(section.text.text.length).toBeLessThanOrEqual(3000);
    const sections = rest.slice(0, -2);
    for (const { fields } of sections) {
      expect(fields.length).toBeLessThanOrEqual(10);
      for (const field of fields) expect(field.text.length).toBeLessThanOrEqual(2000);
    }
    expect(sections.flatMap(({ fields }) => fields)).toHaveLength(30);
    expect(actions.elements.length).toBeLessThanOrEqual(25);
    for (const button of actions.elements) expect(button.text.text.length).toBeLessThanOrEqual(75);
  });
});

describe('an e-mail', () => {
  it('says everything in plain text too', () => {
    const { subject, text } = renderEmail(notice, links);
    expect(subject).toBe('[plant-recommender prod] Critical: One plant for everybody');
    expect(text).toContain('Acknowledge:\nhttps://perennial.example/act/abc');
    expect(text).toContain('Monitor name  one-for-all');
  });

  it('escapes what others wrote', () => {
    const { html } = renderEmail({ ...notice, title: hostile, text: hostile, facts: { a: hostile } }, [
      { label: hostile, url: 'https://e.x/"onclick="x' },
    ]);
    expect(html).not.toContain('<script>');
    expect(html).not.toContain('"onclick=');
    expect(html).toContain('&lt;script&gt;');
  });

  it('says what it is once', () => {
    const resolved = {
      ...notice,
      kind: 'incident_resolved',
      title: 'Resolved: one-for-all breached',
    } as const;
    const { subject, text } = renderEmail(resolved, []);
    expect(subject).toBe('[plant-recommender prod] Resolved: one-for-all breached');
    expect(text.startsWith('Resolved: one-for-all breached')).toBe(true);
  });

  it('has a subject of one line, whatever the title holds', () => {
    const { subject } = renderEmail({ ...notice, title: 'a\r\nBcc: everybody@example.com' }, []);
    expect(subject).not.toMatch(/[\r\n]/);
  });

  it('has the same id when it is sent again, and another for another recipient', () => {
    const from = 'Perennial <p@mail.example>';
    expect(messageIdOf('k', 'a@x.example', from)).toBe(messageIdOf('k', 'a@x.example', from));
    expect(messageIdOf('k', 'a@x.example', from)).not.toBe(messageIdOf('k', 'b@x.example', from));
    expect(messageIdOf('k', 'a@x.example', from)).toMatch(/^<[0-9a-f]{40}@mail\.example>$/);
  });
});

describe('recipients', () => {
  const defaults = { slackChannel: '#default', email: ['default@x.example'] };
  const spec = {
    slack: { channel: '#models' },
    email: { to: ['ada@x.example', 'ADA@x.example'] },
    escalation: { after: 1, email: ['head@x.example'], slackChannel: '#heads' },
  };

  it('are those of the spec, each once; the defaults where it names none', () => {
    expect(recipientsOf(spec, defaults, false)).toEqual([
      { channel: 'slack', address: '#models' },
      { channel: 'email', address: 'ada@x.example' },
    ]);
    expect(recipientsOf({}, defaults, false).map((one) => one.address)).toEqual([
      '#default',
      'default@x.example',
    ]);
    expect(recipientsOf(null, { slackChannel: null, email: [] }, true)).toEqual([]);
  });

  it('are joined by those of the escalation', () => {
    expect(recipientsOf(spec, defaults, true).map((one) => one.address)).toEqual([
      '#models',
      '#heads',
      'ada@x.example',
      'head@x.example',
    ]);
  });
});

it('names facts as people would, and cuts no character in two', () => {
  expect(['batchId', 'rows_read', 'KPI ratio'].map(factLabel)).toEqual([
    'Batch id',
    'Rows read',
    'KPI ratio',
  ]);
  expect(clip('🌱🌱🌱', 2)).toBe('🌱…');
});
