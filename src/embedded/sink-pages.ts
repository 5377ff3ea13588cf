import { escapeHtml } from '../platform/html-template.ts';
import type { StoredMail } from './mail-sink.ts';
import type { StoredSlackMessage } from './slack-sink.ts';
import type { StoredWebhook } from './webhook-sink.ts';

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width"><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2b24;background:#fbfcfb}
a{color:#11663f}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem;border-bottom:1px solid #dfe6e1}
iframe{width:100%;height:34rem;border:1px solid #dfe6e1;background:#fff}pre{white-space:pre-wrap;font:inherit;margin:.2rem 0}
.reply{margin-left:2.5rem}.message{border-left:3px solid #2e8b57;padding:.2rem .8rem;margin:.8rem 0;background:#fff}
.meta{color:#5c6b63;font-size:.85em}</style></head><body><h1>${escapeHtml(title)}</h1>${body}</body></html>`;
}

/** The inbox, newest first. */
export function mailListPage(mails: readonly StoredMail[]): string {
  const rows = mails
    .toReversed()
    .map(
      (mail) =>
        `<tr><td>${escapeHtml(mail.receivedAt)}</td><td>${escapeHtml(mail.to.join(', '))}</td><td><a href="/mail/${encodeURIComponent(mail.id)}">${escapeHtml(mail.subject || '(no subject)')}</a></td></tr>`,
    );
  if (rows.length === 0) return page('Mail', '<p>No mail has arrived yet.</p>');
  return page('Mail', `<table><tr><th>Received</th><th>To</th><th>Subject</th></tr>${rows.join('')}</table>`);
}

/** One mail. Its HTML is shown in a sandbox: scripts of a mail never run. */
export function mailPage(mail: StoredMail): string {
  const head = `<p><a href="/mail">All mail</a></p><p class="meta">From ${escapeHtml(mail.from)}<br>To ${escapeHtml(mail.to.join(', '))}<br>${escapeHtml(mail.receivedAt)}</p>`;
  const html =
    mail.html === null
      ? ''
      : `<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${escapeHtml(mail.html)}" title="HTML part"></iframe>`;
  const text = mail.text === null ? '' : `<h2>Text</h2><pre>${escapeHtml(mail.text)}</pre>`;
  return page(mail.subject || '(no subject)', head + html + text);
}

/** Slack's own escapes are HTML's; of its mark-up only bold is used. */
function shownText(text: string, type: unknown): string {
  if (type !== 'mrkdwn') return escapeHtml(text);
  const plain = text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  return escapeHtml(plain).replaceAll(/\*([^*\n]+)\*\n?/g, '<strong>$1</strong> ');
}

/** Collects what a reader of Block Kit sees: `text` fields at any depth, and the links of buttons. */
function blockText(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(blockText);
  if (typeof value !== 'object' || value === null) return [];
  const entry = value as Record<string, unknown>;
  const own = typeof entry['text'] === 'string' ? [shownText(entry['text'], entry['type'])] : [];
  const nested = Object.entries(entry).flatMap(([key, part]) =>
    key === 'text' && own.length > 0 ? [] : blockText(part),
  );
  const url = entry['url'];
  if (typeof url === 'string' && /^https?:/.test(url)) {
    return [`<a href="${escapeHtml(url)}">${own.concat(nested).join(' ') || escapeHtml(url)}</a>`];
  }
  return own.concat(nested);
}

function slackMessage(message: StoredSlackMessage): string {
  const time = new Date(Number(message.ts) * 1_000).toISOString();
  const edited = message.editedAt === null ? '' : ' (edited)';
  const body = message.blocks.length > 0 ? blockText(message.blocks).join('\n') : escapeHtml(message.text);
  const place = message.threadTs === null ? 'message' : 'message reply';
  return `<div class="${place}"><span class="meta">#${escapeHtml(message.channelName)} ${time}${edited}</span><pre>${body}</pre></div>`;
}

/** All channels, each thread under its first message, newest thread first. */
export function slackPage(messages: readonly StoredSlackMessage[]): string {
  const threads = messages.filter((message) => message.threadTs === null).toReversed();
  const parts = threads.flatMap((first) => [
    first,
    ...messages.filter((reply) => reply.threadTs === first.ts),
  ]);
  return page('Slack', parts.length === 0 ? '<p>No message yet.</p>' : parts.map(slackMessage).join(''));
}

/** What outgoing webhooks told, newest first. */
export function webhookPage(webhooks: readonly StoredWebhook[]): string {
  const parts = webhooks
    .toReversed()
    .map(
      ({ receivedAt, endpoint, webhookId, body }) =>
        `<div class="message"><span class="meta">${escapeHtml(endpoint)} ${escapeHtml(receivedAt)} ${escapeHtml(webhookId)}</span><pre>${escapeHtml(body)}</pre></div>`,
    );
  return page('Webhooks', parts.length === 0 ? '<p>No webhook has arrived yet.</p>' : parts.join(''));
}
