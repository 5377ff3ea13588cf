import { randomBytes, timingSafeEqual } from 'node:crypto';
import PostalMime from 'postal-mime';
import type { Address } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import type { MessageStore } from './message-store.ts';
import { LOOPBACK } from './ports.ts';
import type { Certificate } from './self-signed-certificate.ts';

const LARGEST_MAIL_BYTES = 10 * 1024 * 1024;
const AUTHENTICATION_FAILED = 535;
const MAIL_TOO_LARGE = 552;

/** A mail as the sink received it. */
export interface StoredMail {
  readonly id: string;
  readonly receivedAt: string;
  readonly from: string;
  /** The recipients of the envelope. */
  readonly to: readonly string[];
  readonly subject: string;
  readonly messageId: string | null;
  readonly inReplyTo: string | null;
  readonly text: string | null;
  readonly html: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly attachments: readonly { readonly name: string | null; readonly mimeType: string }[];
}

export interface MailSinkOptions {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly certificate: Certificate;
  readonly store: MessageStore<StoredMail>;
}

const smtpError = (code: number, text: string): Error =>
  Object.assign(new Error(text), { responseCode: code });
const equal = (a: string, b: string): boolean =>
  Buffer.byteLength(a) === Buffer.byteLength(b) && timingSafeEqual(Buffer.from(a), Buffer.from(b));
const mailbox = (address: Address | undefined): string =>
  address === undefined
    ? ''
    : address.name
      ? `${address.name} <${address.address ?? ''}>`
      : (address.address ?? '');

/**
 * A real SMTP server that keeps what it gets: mail only after STARTTLS and AUTH, answered with 250 once it is
 * on disk.
 * @returns the function that closes it.
 */
export function startMailSink(options: MailSinkOptions): Promise<() => Promise<void>> {
  const server = new SMTPServer({
    name: 'localhost',
    banner: 'Perennial mail sink',
    key: options.certificate.key,
    cert: options.certificate.certificate,
    authOptional: false,
    allowInsecureAuth: false,
    size: LARGEST_MAIL_BYTES,
    disableReverseLookup: true,
    onAuth: (auth, _session, callback) => {
      const known = equal(auth.username ?? '', options.user) && equal(auth.password ?? '', options.password);
      if (known) callback(null, { user: options.user });
      else callback(smtpError(AUTHENTICATION_FAILED, 'Wrong user or password'));
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
      stream.on('end', () => {
        if (stream.sizeExceeded) return callback(smtpError(MAIL_TOO_LARGE, 'Mail is too large'));
        const to = session.envelope.rcptTo.map((recipient) => recipient.address);
        keep(Buffer.concat(chunks), to, options.store).then(
          (id) => callback(null, `stored as ${id}`),
          (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
        );
      });
    },
  });
  // A client that goes away in mid-session is its own affair.
  server.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(options.port, LOOPBACK, () => {
      resolve(() => new Promise((closed) => server.close(() => closed())));
    });
  });
}

async function keep(raw: Buffer, to: readonly string[], store: MessageStore<StoredMail>): Promise<string> {
  const mail = await PostalMime.parse(raw);
  const receivedAt = new Date();
  const id = `${receivedAt.getTime().toString(36).padStart(9, '0')}-${randomBytes(5).toString('hex')}`;
  store.put(id, {
    id,
    receivedAt: receivedAt.toISOString(),
    from: mailbox(mail.from),
    to,
    subject: mail.subject ?? '',
    messageId: mail.messageId ?? null,
    inReplyTo: mail.inReplyTo ?? null,
    text: mail.text ?? null,
    html: mail.html ?? null,
    headers: Object.fromEntries(mail.headers.map(({ key, value }) => [key, value])),
    attachments: mail.attachments.map(({ filename, mimeType }) => ({ name: filename, mimeType })),
  });
  return id;
}
