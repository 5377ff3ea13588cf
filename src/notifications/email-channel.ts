import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { PerennialError } from '../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../errors/lifecycle-errors.ts';
import { NOTIFICATION_REFUSED } from '../errors/notification-errors.ts';
import type { NotificationChannel, OutgoingNotice } from './notification-channel.ts';
import { renderEmail } from './render-email.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;
const PERMANENT_FROM = 500;
const MESSAGE_ID_CHARS = 40;

export interface EmailSettings {
  /** smtp:// or smtps://, with user and password where the server asks for them. */
  readonly smtpUrl: string;
  /** Certificates, in PEM, that the server's is checked against; absent: those of the system. */
  readonly ca: string | undefined;
  /** `Perennial <perennial@example.com>` */
  readonly from: string;
}

/** The same message to the same recipient always has the same id, so that a mail program shows a repetition once. */
export function messageIdOf(key: string, recipient: string, from: string): string {
  const hash = createHash('sha256').update(`${key}\n${recipient}`).digest('hex').slice(0, MESSAGE_ID_CHARS);
  const domain = /@([A-Za-z0-9.-]+)/.exec(from)?.[1] ?? 'perennial.invalid';
  return `<${hash}@${domain}>`;
}

/** Sends by SMTP, one mail for each recipient, as their links are their own. TLS is used wherever the server has it. */
export function createEmailChannel(settings: EmailSettings): NotificationChannel {
  const url = new URL(settings.smtpUrl);
  const secure = url.protocol === 'smtps:';
  const transport = createTransport({
    host: url.hostname,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    // A password never goes over a connection in the clear.
    requireTLS: !secure && url.username !== '',
    ...(url.username === ''
      ? {}
      : { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }),
    ...(settings.ca === undefined ? {} : { tls: { ca: settings.ca } }),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: IDLE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    name: 'email',
    async send(message: OutgoingNotice) {
      const { notice, links, recipient, thread } = message;
      const messageId = messageIdOf(notice.key, recipient, settings.from);
      const { subject, text, html } = renderEmail(notice, links);
      try {
        await transport.sendMail({
          from: settings.from,
          to: recipient,
          subject,
          text,
          html,
          messageId,
          ...(thread === null ? {} : { inReplyTo: thread.externalId, references: [thread.externalId] }),
          priority: notice.severity === 'critical' ? 'high' : 'normal',
          // Tells vacation responders and ticket systems not to answer (RFC 3834).
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Perennial-Kind': notice.kind },
        });
      } catch (error) {
        throw toCoded(error, recipient);
      }
      return { externalId: messageId };
    },
  };
}

function toCoded(error: unknown, recipient: string): PerennialError {
  const { code, responseCode } = error as { code?: string; responseCode?: number };
  const what = `${code ?? 'unknown'}${responseCode === undefined ? '' : ` (SMTP ${responseCode})`}`;
  if (responseCode !== undefined && responseCode >= PERMANENT_FROM)
    return new PerennialError(
      NOTIFICATION_REFUSED,
      `the mail server refused a message to ${recipient}: ${what}. Check SMTP_URL, MAIL_FROM and the recipient`,
      { details: { channel: 'email', code, responseCode } },
    );
  return new PerennialError(DEPENDENCY_UNAVAILABLE, `the mail server could not be used: ${what}`, {
    details: { dependency: 'smtp', code, responseCode },
    cause: error,
  });
}
