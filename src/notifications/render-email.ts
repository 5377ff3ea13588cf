import type { Notice } from '../contracts/activities/control.ts';
import { visibleText } from '../domain/visible-text.ts';
import { appearanceOf, clip, factLabel } from './appearance.ts';
import type { NoticeLink } from './notification-channel.ts';

const MAX_SUBJECT = 180;
const PREVIEW_CHARS = 120;
const FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

export interface EmailContent {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

function escape(text: string): string {
  return visibleText(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A header field and a fact hold one line, whatever a title or a value holds. */
function oneLine(text: string): string {
  return visibleText(text).replaceAll(/\s+/g, ' ').trim();
}

/** A notice as e-mail: a plain text that stands by itself, and HTML of tables and inline styles, as mail programs need it. */
export function renderEmail(notice: Notice, links: readonly NoticeLink[]): EmailContent {
  const subject = clip(oneLine(`[${notice.model} ${notice.environment}] ${headline(notice)}`), MAX_SUBJECT);
  const facts = Object.entries(notice.facts).filter(([, value]) => value !== '');
  return { subject, text: plainText(notice, facts, links), html: html(notice, facts, links) };
}

/** The title behind its label, unless it begins with the same word. */
function headline(notice: Notice): string {
  const label = `${appearanceOf(notice).label}: `;
  return notice.title.startsWith(label) ? notice.title : `${label}${notice.title}`;
}

function plainText(
  notice: Notice,
  facts: readonly (readonly [string, string])[],
  links: readonly NoticeLink[],
): string {
  const width = Math.max(0, ...facts.map(([name]) => factLabel(name).length));
  const parts = [
    oneLine(headline(notice)),
    visibleText(notice.text),
    facts.map(([name, value]) => `${oneLine(factLabel(name)).padEnd(width)}  ${oneLine(value)}`).join('\n'),
    links.map(({ label, url }) => `${label}:\n${url}`).join('\n\n'),
    `-- \n${oneLine(`${notice.model} in ${notice.environment}`)}, sent by Perennial. Links are yours alone; don't forward them.`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function html(
  notice: Notice,
  facts: readonly (readonly [string, string])[],
  links: readonly NoticeLink[],
): string {
  const look = appearanceOf(notice);
  const rows = facts
    .map(
      ([name, value]) =>
        `<tr><td style="padding:6px 16px 6px 0;color:#667085;font-size:13px;vertical-align:top;white-space:nowrap">${escape(factLabel(name))}</td><td style="padding:6px 0;color:#101828;font-size:13px;vertical-align:top;word-break:break-word">${escape(value)}</td></tr>`,
    )
    .join('');
  const buttons = links
    .map(({ label, url }, i) => {
      const [background, color, border] =
        i === 0 ? [look.color, '#ffffff', look.color] : ['#ffffff', '#344054', '#d0d5dd'];
      return `<a href="${escape(url)}" style="display:inline-block;margin:0 8px 8px 0;padding:10px 18px;border:1px solid ${border};border-radius:8px;background:${background};color:${color};font-size:14px;font-weight:600;text-decoration:none">${escape(label)}</a>`;
    })
    .join('');
  const paragraphs = notice.text
    .split(/\n{2,}/)
    .filter((part) => part.trim() !== '')
    .map(
      (part) =>
        `<p style="margin:0 0 12px;color:#344054;font-size:15px;line-height:22px">${escape(part).replaceAll('\n', '<br>')}</p>`,
    )
    .join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light"><title>${escape(notice.title)}</title></head>
<body style="margin:0;padding:0;background:#f2f4f7;font-family:${FONT}">
<div style="display:none;max-height:0;overflow:hidden">${escape(clip(oneLine(notice.text), PREVIEW_CHARS))}</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f2f4f7"><tr><td align="center" style="padding:32px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;background:#ffffff;border:1px solid #eaecf0;border-top:4px solid ${look.color};border-radius:10px">
<tr><td style="padding:24px 28px 4px">
<span style="display:inline-block;padding:3px 10px;border-radius:12px;background:${look.tint};color:${look.color};font-size:12px;font-weight:600">${escape(look.label)}</span>
<span style="padding-left:8px;color:#667085;font-size:13px">${escape(notice.model)} &middot; ${escape(notice.environment)}</span>
<h1 style="margin:12px 0 12px;color:#101828;font-size:20px;line-height:28px;font-weight:600">${escape(notice.title)}</h1>
${paragraphs}</td></tr>
${rows === '' ? '' : `<tr><td style="padding:4px 28px 8px"><table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-top:1px solid #eaecf0"><tr><td style="padding-top:8px"><table role="presentation" cellpadding="0" cellspacing="0">${rows}</table></td></tr></table></td></tr>\n`}${buttons === '' ? '' : `<tr><td style="padding:12px 28px 16px">${buttons}</td></tr>\n`}<tr><td style="padding:14px 28px;border-top:1px solid #eaecf0;color:#667085;font-size:12px;line-height:18px">Sent by Perennial. Links in this message are yours alone; don't forward it.</td></tr>
</table></td></tr></table>
</body></html>
`;
}
