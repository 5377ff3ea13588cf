import { text as readText } from 'node:stream/consumers';
import { createTransport } from 'nodemailer';
import type { Readable } from 'node:stream';
import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import { renderEmail } from '../../../src/notifications/render-email.ts';
import { renderSlack } from '../../../src/notifications/render-slack.ts';
import { HOSTILE } from './hostile-strings.ts';
import { noticeOf } from './texts-everywhere.ts';

const LINKS = [{ label: 'View', url: 'https://perennial.example/act/x' }];
const ACTS = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/u;

/** The message as it would go over the wire, read again as its recipient's program does. */
async function sentAndRead(content: { subject: string; text: string; html: string }) {
  const transport = createTransport({ streamTransport: true, newline: 'windows' });
  const { message } = await transport.sendMail({
    from: 'Perennial <perennial@example.com>',
    to: 'ada@example.com',
    ...content,
  });
  return PostalMime.parse(await readText(message as Readable));
}

describe('a mail', () => {
  it.each(HOSTILE)('keeps %s out of its headers', async (_what, text) => {
    const content = renderEmail(noticeOf(text), LINKS);
    expect(content.subject).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    const read = await sentAndRead(content);
    const harmless = await sentAndRead(renderEmail(noticeOf('x'), LINKS));
    const names = (mail: typeof read) => mail.headers.map(({ key }) => key);
    expect(names(read)).toEqual(names(harmless));
    expect(read.to).toEqual([expect.objectContaining({ address: 'ada@example.com' })]);
    expect(read.bcc ?? []).toEqual([]);
    expect(read.attachments).toEqual([]);
  });

  it.each(HOSTILE)('has a plain text in which %s acts on nothing', (_what, text) => {
    const plain = renderEmail(noticeOf(text), LINKS).text;
    expect(plain).not.toMatch(ACTS);
    // A fact is one line, so that none can look like a link of ours.
    const facts = plain.split('\n').filter((line) => line.startsWith('A'));
    expect(facts.length).toBeLessThanOrEqual(1);
  });
});

describe('a Slack message', () => {
  const { blocks: template } = renderSlack(noticeOf('x'), LINKS);

  it.each(HOSTILE)('shows %s literally', (_what, text) => {
    const { text: fallback, blocks } = renderSlack(noticeOf(text), LINKS);
    expect(blocks.map(({ type }) => type)).toEqual(template.map(({ type }) => type));
    const objects = textObjects(blocks);
    expect(objects.length).toBe(textObjects(template).length);
    const written = [
      { type: 'mrkdwn', text: fallback, verbatim: true },
      ...objects.filter(({ type }) => type === 'mrkdwn'),
    ];
    for (const one of written) {
      // All that Slack reads as a mention, a link or a date stands in angle brackets.
      expect(one.text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
      expect(one.verbatim).toBe(true);
    }
    for (const one of [...written, ...objects]) expect(one.text).not.toMatch(ACTS);
  });
});

interface TextObject {
  readonly type: string;
  readonly text: string;
  readonly verbatim?: boolean;
}

function textObjects(value: unknown): TextObject[] {
  if (Array.isArray(value)) return value.flatMap(textObjects);
  if (typeof value !== 'object' || value === null) return [];
  const own = 'text' in value && typeof value.text === 'string' ? [value as TextObject] : [];
  return [...own, ...Object.values(value).flatMap(textObjects)];
}
