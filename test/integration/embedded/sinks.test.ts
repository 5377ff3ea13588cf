import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebClient } from '@slack/web-api';
import nodemailer from 'nodemailer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settlePorts } from '../../../src/embedded/ports.ts';
import { startSinks } from '../../../src/embedded/sinks.ts';
import type { Sinks } from '../../../src/embedded/sinks.ts';
import {
  SINKS_PORTS,
  sinksOptions,
  sinksUrl,
  smtpCaFile,
  smtpUrl,
} from '../../../src/embedded/sinks-service.ts';
import type { SinksSettings } from '../../../src/embedded/sinks-service.ts';

let settings: SinksSettings;
let sinks: Sinks;

beforeEach(async () => {
  const ports = (await settlePorts(SINKS_PORTS, {})) as SinksSettings['ports'];
  const dataDir = mkdtempSync(join(tmpdir(), 'perennial-sinks-'));
  settings = { dataDir, ports, smtpUser: 'perennial', smtpPassword: 'right', slackToken: 'xoxb-right' };
  sinks = await startSinks(sinksOptions(settings));
});
afterEach(async () => {
  await sinks.close();
  rmSync(settings.dataDir, { recursive: true, force: true });
});

async function send(url: string, options: Readonly<Record<string, unknown>>): Promise<void> {
  const transport = nodemailer.createTransport({ url, ...options });
  try {
    await transport.sendMail({
      from: 'Perennial <perennial@plantly.example>',
      to: 'ada@plantly.example',
      subject: 'Ficus elastica ‘Tineke’ – drift',
      text: 'Everyone gets the same plant.',
      html: '<p>Everyone gets <b>the same</b> plant.<script>alert(1)</script></p>',
    });
  } finally {
    transport.close();
  }
}

const trusted = (): Readonly<Record<string, unknown>> => ({
  requireTLS: true,
  tls: { ca: readFileSync(smtpCaFile(settings), 'utf8') },
});
const page = async (path: string): Promise<string> => (await fetch(`${sinksUrl(settings)}${path}`)).text();

describe('the mail sink', () => {
  it('keeps a mail that came over STARTTLS with a password, and shows it as JSON and as a page', async () => {
    await send(smtpUrl(settings), trusted());
    const [mail] = sinks.mails();
    expect(mail).toMatchObject({
      to: ['ada@plantly.example'],
      from: 'Perennial <perennial@plantly.example>',
      subject: 'Ficus elastica ‘Tineke’ – drift',
      text: expect.stringContaining('the same plant') as string,
    });
    expect(JSON.parse(await page(`/mail/messages/${mail?.id ?? ''}`))).toEqual(mail);
    expect(await page('/mail')).toContain('Ficus elastica ‘Tineke’ – drift');
  });

  it('shows the HTML of a mail only in a sandbox', async () => {
    await send(smtpUrl(settings), trusted());
    const shown = await page(`/mail/${sinks.mails()[0]?.id ?? ''}`);
    expect(shown).toContain('<iframe sandbox=');
    expect(shown).not.toContain('<script>');
  });

  it('refuses a wrong password, a missing password, mail without TLS, and is refused without its authority', async () => {
    const url = new URL(smtpUrl(settings));
    url.password = 'wrong';
    await expect(send(url.href, trusted())).rejects.toMatchObject({ responseCode: 535 });
    url.username = '';
    url.password = '';
    await expect(send(url.href, trusted())).rejects.toMatchObject({ responseCode: 530 });
    await expect(send(smtpUrl(settings), { ignoreTLS: true })).rejects.toMatchObject({ responseCode: 538 });
    await expect(send(smtpUrl(settings), { requireTLS: true })).rejects.toMatchObject({ code: 'ESOCKET' });
    expect(sinks.mails()).toEqual([]);
  });

  it('has all mails again after a restart', async () => {
    await send(smtpUrl(settings), trusted());
    const before = sinks.mails();
    await sinks.close();
    sinks = await startSinks(sinksOptions(settings));
    expect(sinks.mails()).toEqual(before);
  });
});

describe('the webhook sink', () => {
  it('keeps each request with its headers and bytes, also a repetition, and shows it', async () => {
    const send = () =>
      fetch(`${sinksUrl(settings)}/webhooks/shop`, {
        method: 'POST',
        headers: { 'webhook-id': 'msg_1', 'webhook-timestamp': '7', 'webhook-signature': 'v1,x' },
        body: '{"type": "<b>"}',
      });
    expect((await send()).status).toBe(204);
    await send();
    expect(sinks.webhooks()).toMatchObject([
      { endpoint: 'shop', webhookId: 'msg_1', timestamp: '7', signature: 'v1,x', body: '{"type": "<b>"}' },
      { webhookId: 'msg_1' },
    ]);
    expect(JSON.parse(await page('/webhooks/messages'))).toEqual(sinks.webhooks());
    expect(await page('/webhooks')).toContain('&lt;b&gt;');
  });
});

describe('the Slack sink', () => {
  const client = (token: string): WebClient =>
    new WebClient(token, { slackApiUrl: `${sinksUrl(settings)}/slack/api/`, retryConfig: { retries: 0 } });
  const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: '*plants* drifts' } }];

  it('answers @slack/web-api as Slack does: auth, message, thread, update, direct message', async () => {
    const slack = client('xoxb-right');
    expect(await slack.auth.test()).toMatchObject({ ok: true, team: 'Perennial' });
    const first = await slack.chat.postMessage({ channel: '#ml-on-call', text: 'Drift', blocks });
    const reply = await slack.chat.postMessage({
      channel: first.channel ?? '',
      text: 'seen',
      thread_ts: first.ts ?? '',
    });
    await slack.chat.update({
      channel: first.channel ?? '',
      ts: first.ts ?? '',
      text: 'Resolved',
      blocks: [],
    });
    expect(sinks.slackMessages()).toMatchObject([
      { channelName: 'ml-on-call', ts: first.ts, threadTs: null, text: 'Resolved', blocks: [] },
      { channelName: 'ml-on-call', ts: reply.ts, threadTs: first.ts, text: 'seen' },
    ]);
    const direct = await slack.conversations.open({ users: 'U012ABCDEF' });
    expect(direct.channel?.id).toMatch(/^D/);
    expect(await page('/slack')).toContain('Resolved');
  });

  it('takes one channel for one, by name with and without # and by id', async () => {
    const slack = client('xoxb-right');
    const ids = new Set<string | undefined>();
    for (const channel of ['#ml', 'ml'])
      ids.add((await slack.chat.postMessage({ channel, text: 'x' })).channel);
    const [id = ''] = ids;
    ids.add((await slack.chat.postMessage({ channel: id ?? '', text: 'x' })).channel);
    expect(ids.size).toBe(1);
  });

  it.each([
    ['a wrong token', 'xoxb-wrong', { channel: '#ml', text: 'x' }, 'invalid_auth'],
    ['an empty message', 'xoxb-right', { channel: '#ml', text: '' }, 'no_text'],
    [
      'a reply to no message',
      'xoxb-right',
      { channel: '#ml', text: 'x', thread_ts: '1.000001' },
      'thread_not_found',
    ],
    [
      'a block without a type',
      'xoxb-right',
      { channel: '#ml', text: 'x', blocks: [{}] as never },
      'invalid_blocks',
    ],
  ])('refuses %s with the error code of Slack', async (_what, token, message, code) => {
    await expect(client(token).chat.postMessage(message)).rejects.toMatchObject({
      data: { ok: false, error: code },
    });
    expect(sinks.slackMessages()).toEqual([]);
  });

  it('gives every message a timestamp of its own, also after a restart', async () => {
    const slackApiUrl = `${sinksUrl(settings)}/slack/api/`;
    // A kept connection may still be in the pool when the sink restarts, which a retry is for.
    const slack = new WebClient('xoxb-right', { slackApiUrl, retryConfig: { retries: 3, minTimeout: 10 } });
    const post = (): Promise<unknown> => slack.chat.postMessage({ channel: '#ml', text: 'x' });
    await Promise.all(Array.from({ length: 20 }, post));
    await sinks.close();
    sinks = await startSinks(sinksOptions(settings));
    await post();
    const stamps = sinks.slackMessages().map((message) => message.ts);
    expect(new Set(stamps).size).toBe(21);
    expect(stamps).toEqual(stamps.toSorted());
  });
});
