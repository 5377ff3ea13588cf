import type { Notice } from '../contracts/activities/control.ts';
import { visibleText } from '../domain/visible-text.ts';
import { appearanceOf, clip, factLabel } from './appearance.ts';
import type { NoticeLink } from './notification-channel.ts';

const MAX_HEADER = 150;
const MAX_SECTION = 3_000;
const MAX_FIELDS = 10;
const MAX_FIELD = 2_000;
/** Slack takes ten fields a section; what a person decides on must not be cut off after the first ten. */
const MAX_FIELD_SECTIONS = 4;
const MAX_BUTTONS = 5;
const MAX_BUTTON_LABEL = 75;

export interface SlackContent {
  /** What notifications and screen readers show. */
  readonly text: string;
  readonly blocks: readonly Readonly<Record<string, unknown>>[];
}

/** Text of others as Slack shows it literally: no mention, link or channel can be smuggled in. */
function escape(text: string): string {
  return visibleText(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Escaped text of at most `max` characters: entities count as they are written, and none is cut in two. */
function within(text: string, max: number): string {
  const escaped = escape(text);
  if (escaped.length <= max) return escaped;
  let kept = '';
  for (const character of text) {
    const next = escape(character);
    if (kept.length + next.length >= max) break;
    kept += next;
  }
  return `${kept}…`;
}

/** Verbatim: Slack makes no link or mention of what merely looks like one. */
function mrkdwn(text: string): Readonly<Record<string, unknown>> {
  return { type: 'mrkdwn', text, verbatim: true };
}

/** A notice as Block Kit: header, text, facts in two columns, buttons, and where it is about. */
export function renderSlack(notice: Notice, links: readonly NoticeLink[]): SlackContent {
  const look = appearanceOf(notice);
  const facts = Object.entries(notice.facts).filter(([, value]) => value !== '');
  const urgent = notice.severity === 'critical' && notice.kind !== 'incident_resolved';
  const blocks: Readonly<Record<string, unknown>>[] = [
    {
      type: 'header',
      text: {
        type: 'plain_text',
        text: clip(`:${look.emoji}: ${visibleText(notice.title)}`, MAX_HEADER),
        emoji: true,
      },
    },
  ];
  if (notice.text !== '') blocks.push({ type: 'section', text: mrkdwn(within(notice.text, MAX_SECTION)) });
  for (let first = 0; first < Math.min(facts.length, MAX_FIELDS * MAX_FIELD_SECTIONS); first += MAX_FIELDS)
    blocks.push({
      type: 'section',
      fields: facts
        .slice(first, first + MAX_FIELDS)
        .map(([name, value]) =>
          mrkdwn(`*${within(factLabel(name), 100)}*\n${within(value, MAX_FIELD - 200)}`),
        ),
    });
  if (links.length > 0)
    blocks.push({
      type: 'actions',
      elements: links.slice(0, MAX_BUTTONS).map(({ label, url }, i) => ({
        type: 'button',
        action_id: `open-${i}`,
        text: { type: 'plain_text', text: clip(label, MAX_BUTTON_LABEL) },
        url,
        ...(i === 0 ? { style: urgent ? 'danger' : 'primary' } : {}),
      })),
    });
  blocks.push({
    type: 'context',
    elements: [
      mrkdwn(`${look.label}  |  *${escape(notice.model)}*  |  ${escape(notice.environment)}  |  Perennial`),
    ],
  });
  return { text: within(`${look.label}: ${notice.title}`, MAX_SECTION), blocks };
}
