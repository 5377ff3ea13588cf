import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { startMailSink } from './mail-sink.ts';
import type { StoredMail } from './mail-sink.ts';
import { MessageStore } from './message-store.ts';
import { LOOPBACK } from './ports.ts';
import type { Certificate } from './self-signed-certificate.ts';
import { mailListPage, mailPage, slackPage, webhookPage } from './sink-pages.ts';
import { SlackSink } from './slack-sink.ts';
import type { StoredSlackMessage } from './slack-sink.ts';
import { WebhookSink } from './webhook-sink.ts';
import type { StoredWebhook } from './webhook-sink.ts';

const LARGEST_BODY_BYTES = 1024 * 1024;
const SLACK_API_PATH = '/slack/api/';
const WEBHOOK_PATH = '/webhooks/';

export interface SinksOptions {
  readonly dataDir: string;
  readonly smtpPort: number;
  readonly httpPort: number;
  readonly smtpUser: string;
  readonly smtpPassword: string;
  readonly slackToken: string;
  readonly certificate: Certificate;
}

export interface Sinks {
  readonly mails: () => StoredMail[];
  readonly slackMessages: () => StoredSlackMessage[];
  readonly webhooks: () => StoredWebhook[];
  readonly close: () => Promise<void>;
}

/**
 * The sinks for mail, Slack and outgoing webhooks behind one SMTP and one HTTP port of loopback.
 * Pages: `/mail`, `/mail/<id>`, `/slack`, `/webhooks`. JSON: `/mail/messages`, `/mail/messages/<id>`,
 * `/slack/messages`, `/webhooks/messages`. Slack's Web API: `/slack/api/<method>`. Webhooks: POST to
 * `/webhooks/<endpoint>`. Health: `/health`.
 */
export async function startSinks(options: SinksOptions): Promise<Sinks> {
  const mailStore = new MessageStore<StoredMail>(join(options.dataDir, 'mail'));
  const slack = new SlackSink(options.slackToken, new MessageStore(join(options.dataDir, 'slack')));
  const webhooks = new WebhookSink(new MessageStore(join(options.dataDir, 'webhooks')));
  const closeMail = await startMailSink({
    port: options.smtpPort,
    user: options.smtpUser,
    password: options.smtpPassword,
    certificate: options.certificate,
    store: mailStore,
  });
  const server = createServer((request, response) => {
    answer(request, response, { mails: mailStore, slack, webhooks }).catch((error: unknown) => {
      send(response, 500, 'text/plain', error instanceof Error ? error.message : String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.httpPort, LOOPBACK, resolve);
  });
  return {
    mails: () => mailStore.list(),
    slackMessages: () => slack.messages(),
    webhooks: () => webhooks.list(),
    close: async () => {
      await closeMail();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { mails, slack, webhooks }: { mails: MessageStore<StoredMail>; slack: SlackSink; webhooks: WebhookSink },
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const path = decodeURIComponent(url.pathname);
  const json = (value: unknown): void => send(response, 200, 'application/json', JSON.stringify(value));
  const html = (text: string): void => send(response, 200, 'text/html', text);
  if (path.startsWith(SLACK_API_PATH)) {
    const form = await readForm(request, url);
    return json(slack.call(path.slice(SLACK_API_PATH.length), form, request.headers.authorization));
  }
  if (path.startsWith(WEBHOOK_PATH) && request.method === 'POST') {
    webhooks.receive(path.slice(WEBHOOK_PATH.length), request.headers, await readBody(request));
    return send(response, 204, 'text/plain', '');
  }
  if (path === '/health') return json({ ok: true });
  if (path === '/mail/messages') return json(mails.list());
  if (path === '/slack/messages') return json(slack.messages());
  if (path === '/webhooks/messages') return json(webhooks.list());
  if (path === '/webhooks') return html(webhookPage(webhooks.list()));
  if (path === '/mail' || path === '/') return html(mailListPage(mails.list()));
  if (path === '/slack') return html(slackPage(slack.messages()));
  const mailPath = /^\/mail\/(messages\/)?([^/]+)$/.exec(path);
  const mail = mails.get(mailPath?.[2] ?? '');
  if (mail === undefined)
    return send(
      response,
      404,
      'text/plain',
      'There is nothing at this address. See /mail, /slack and /webhooks.',
    );
  return mailPath?.[1] === undefined ? html(mailPage(mail)) : json(mail);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY_BYTES) throw new Error('The request body is larger than 1 MiB.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Slack's client posts forms; other clients post JSON, whose structured values become JSON text as in a form. */
async function readForm(request: IncomingMessage, url: URL): Promise<Record<string, string>> {
  const body = await readBody(request);
  const query = Object.fromEntries(url.searchParams);
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) {
    return { ...query, ...Object.fromEntries(new URLSearchParams(body)) };
  }
  const fields = Object.entries(JSON.parse(body) as Record<string, unknown>);
  const texts = fields.map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return { ...query, ...(Object.fromEntries(texts) as Record<string, string>) };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
