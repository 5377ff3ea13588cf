import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Notice } from '../../../src/contracts/activities/control.ts';
import { verifyActionLink } from '../../../src/notifications/action-link.ts';
import { configuredChannels } from '../../../src/notifications/configured-channels.ts';
import { deliverNotice } from '../../../src/notifications/deliver-notice.ts';
import type { NotificationParts } from '../../../src/notifications/deliver-notice.ts';
import { createEmailChannel } from '../../../src/notifications/email-channel.ts';
import type { NotificationChannel } from '../../../src/notifications/notification-channel.ts';
import { createSlackChannel } from '../../../src/notifications/slack-channel.ts';
import { loadConfig } from '../../../src/platform/config.ts';
import { migrate, openDatabase, withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { applySpec } from '../../../src/registry/specs.ts';
import { freshDatabase, readMails, readSlack, useInfrastructure } from '../infrastructure.ts';
import { specOf } from '../training/training-world.ts';

const SECRET = 'a-secret-for-action-links';
const MODEL = 'notified';
const ENVIRONMENT = 'test';
const MAIL = 'notified-ada@example.com';
const HEAD = 'notified-head@example.com';
const CHANNEL = 'notified-models';

let db: Database;
let parts: NotificationParts;
let keys = 0;

beforeAll(async () => {
  db = openDatabase(await freshDatabase(), () => undefined);
  await migrate(db);
  const spec = {
    ...specOf(MODEL, { command: ['python'] }),
    notifications: {
      slack: { channel: `#${CHANNEL}` },
      email: { to: [MAIL] },
      webhooks: [],
      remindEvery: 1,
      escalation: { after: 1, email: [HEAD] },
    },
  };
  await withTransaction(db, (tx) =>
    applySpec(tx, { environment: ENVIRONMENT, spec, bundle: null, actor: { id: 'ada', roles: [] } }),
  );
  parts = {
    db,
    ...configuredChannels(loadConfig({ ...useInfrastructure().env, PERENNIAL_LINK_SECRET: SECRET })),
    publicUrl: 'https://perennial.example',
    linkSecret: SECRET,
    log: pino({ level: 'silent' }),
  };
});
afterAll(() => db.end());

function notice(thread: string, more: Partial<Notice> = {}): Notice {
  keys += 1;
  return {
    model: MODEL,
    environment: ENVIRONMENT,
    key: `key-${String(keys)}`,
    thread,
    kind: 'incident_opened',
    severity: 'critical',
    title: `Title of ${thread}`,
    text: 'Something is wrong.',
    facts: { version: '2' },
    actions: [{ label: 'Acknowledge', act: { kind: 'acknowledge', incidentId: thread } }],
    escalate: false,
    ...more,
  };
}

const slackOf = async (thread: string) =>
  (await readSlack()).filter((one) => one.channelName === CHANNEL && one.text.includes(`Title of ${thread}`));
const mailsOf = async (thread: string, to = MAIL) =>
  (await readMails()).filter((one) => one.to.includes(to) && one.subject.includes(`Title of ${thread}`));

describe('a notice', () => {
  it('reaches Slack and mail, with a link that only its recipient has', async () => {
    const delivered = await deliverNotice(parts, notice('reach'));
    expect(delivered).toEqual([`slack:#${CHANNEL}`, `email:${MAIL}`]);
    const [message] = await slackOf('reach');
    const [mail] = await mailsOf('reach');
    expect(message?.blocks).toHaveLength(5);
    expect(mail?.text).toContain('Something is wrong.');
    expect(mail?.html).toContain('Acknowledge');
    const [, token = ''] = /\/act\/(\S+)/.exec(mail?.text ?? '') ?? [];
    expect(verifyActionLink(SECRET, token, Date.now())).toMatchObject({
      kind: 'valid',
      grant: { recipient: MAIL, act: { kind: 'acknowledge', incidentId: 'reach' }, model: MODEL },
    });
  });

  it('is not sent again when it is repeated', async () => {
    const once = notice('once');
    const delivered = await deliverNotice(parts, once);
    expect(await deliverNotice(parts, once)).toEqual(delivered);
    expect(await slackOf('once')).toHaveLength(1);
    expect(await mailsOf('once')).toHaveLength(1);
  });

  it('goes into the thread that the first of its thread began', async () => {
    await deliverNotice(parts, notice('thread'));
    await deliverNotice(parts, notice('thread', { kind: 'incident_reminder' }));
    await deliverNotice(parts, notice('thread', { kind: 'incident_resolved' }));
    const [first, ...replies] = await slackOf('thread');
    expect(first?.threadTs).toBeNull();
    expect(replies.map((reply) => reply.threadTs)).toEqual([first?.ts, first?.ts]);
    const [mail, ...answers] = await mailsOf('thread');
    expect(mail?.inReplyTo).toBeNull();
    expect(answers.map((answer) => answer.inReplyTo)).toEqual([mail?.messageId, mail?.messageId]);
    expect(answers[0]?.headers['references']).toBe(mail?.messageId);
  });

  it('begins a thread anew when its first message is gone', async () => {
    const first = notice('deleted');
    await deliverNotice(parts, first);
    await db.query(`UPDATE deliveries SET external_id = '1.000001' WHERE key = $1 AND channel = 'slack'`, [
      first.key,
    ]);
    await deliverNotice(parts, notice('deleted'));
    expect((await slackOf('deleted')).map((message) => message.threadTs)).toEqual([null, null]);
  });

  it('that escalates reaches those of the escalation too', async () => {
    await deliverNotice(parts, notice('escalated', { kind: 'incident_escalated', escalate: true }));
    expect(await mailsOf('escalated', HEAD)).toHaveLength(1);
    await deliverNotice(parts, notice('calm'));
    expect(await mailsOf('calm', HEAD)).toHaveLength(0);
  });

  it('reaches nobody, without failing, where nothing is configured', async () => {
    expect(await deliverNotice({ ...parts, channels: [] }, notice('nobody'))).toEqual([]);
  });

  it('goes to the defaults for a model that is not there', async () => {
    const defaults = { slackChannel: null, email: ['notified-default@example.com'] };
    const delivered = await deliverNotice({ ...parts, defaults }, notice('unknown', { model: 'unknown' }));
    expect(delivered).toEqual(['email:notified-default@example.com']);
  });
});

describe('a channel that fails', () => {
  const email = () => parts.channels.filter(({ name }) => name === 'email');
  const slackAt = (apiUrl: string, botToken = 'xoxb-any') => createSlackChannel({ botToken, apiUrl });

  it('for a while fails the call, and the repetition sends only what is missing', async () => {
    const down = slackAt('http://127.0.0.1:9/api/');
    const message = notice('down');
    await expect(deliverNotice({ ...parts, channels: [down, ...email()] }, message)).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
      retry: 'later',
    });
    expect(await mailsOf('down')).toHaveLength(1);
    await deliverNotice(parts, message);
    expect(await mailsOf('down')).toHaveLength(1);
    expect(await slackOf('down')).toHaveLength(1);
  });

  it('takes too long, leaves the rest to the repetition, and nobody gets it twice', async () => {
    const sent: string[] = [];
    const slow: NotificationChannel = {
      name: 'slack',
      async send({ recipient }) {
        await setTimeout(600);
        sent.push(recipient);
        return { externalId: 'slow' };
      },
    };
    const message = notice('slow');
    const channels = [slow, ...email()];
    await expect(deliverNotice({ ...parts, channels }, message, 500)).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
      retry: 'later',
    });
    expect(sent).toEqual([`#${CHANNEL}`]);
    expect(await mailsOf('slow')).toHaveLength(0);
    await deliverNotice({ ...parts, channels }, message, 500);
    expect(sent).toHaveLength(1);
    expect(await mailsOf('slow')).toHaveLength(1);
  });

  it('for good hinders no other; alone it is told', async () => {
    const refused = slackAt(useInfrastructure().env['SLACK_API_URL'] ?? '', 'xoxb-wrong');
    const both = { ...parts, channels: [refused, ...email()] };
    expect(await deliverNotice(both, notice('half'))).toEqual([`email:${MAIL}`]);
    const failure = await deliverNotice({ ...parts, channels: [refused] }, notice('none')).catch(
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({ code: 'NOTIFICATION_REFUSED', retry: 'never' });
    expect(String(failure)).toContain('invalid_auth');
    expect(String(failure)).not.toContain('xoxb');
  });

  it('that asks to wait is waited for', async () => {
    const server = createServer((_, response) => {
      response.writeHead(429, { 'Retry-After': '7', 'Content-Type': 'application/json' }).end('{"ok":false}');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const limited = slackAt(`http://127.0.0.1:${String(port)}/api/`);
    await expect(deliverNotice({ ...parts, channels: [limited] }, notice('slow'))).rejects.toMatchObject({
      code: 'NOTIFICATION_RATE_LIMITED',
      retry: 'later',
      details: { retryAfterMs: 7_000 },
    });
    server.close();
  });

  it('by mail is told apart: a wrong password is refused, a server that is away is waited for', async () => {
    const url = new URL(useInfrastructure().env['SMTP_URL'] ?? '');
    const [channel] = email();
    expect(channel).toBeDefined();
    url.password = 'wrong';
    const { mail } = loadConfig(useInfrastructure().env);
    const ca = readFileSync(mail.caFile ?? '', 'utf8');
    const wrong = createEmailChannel({ smtpUrl: url.href, ca, from: mail.from });
    await expect(deliverNotice({ ...parts, channels: [wrong] }, notice('wrong'))).rejects.toMatchObject({
      code: 'NOTIFICATION_REFUSED',
    });
    const away = createEmailChannel({ smtpUrl: 'smtp://127.0.0.1:9', ca: undefined, from: mail.from });
    await expect(deliverNotice({ ...parts, channels: [away] }, notice('away'))).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
  });
});
