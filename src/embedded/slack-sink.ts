import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { MessageStore } from './message-store.ts';

const TEAM = 'T0PERENNIAL';
const BOT = 'B0PERENNIAL';
const BOT_USER = 'U0PERENNIAL';

/** A message of the sink's one workspace, as its `conversations.history` would tell it. */
export interface StoredSlackMessage {
  /** The id, such as C0123456789; the name that was asked for is in `channelName`. */
  readonly channel: string;
  readonly channelName: string;
  readonly ts: string;
  readonly threadTs: string | null;
  readonly text: string;
  readonly blocks: readonly unknown[];
  readonly attachments: readonly unknown[];
  readonly editedAt: string | null;
}

type Answer = Readonly<Record<string, unknown>> & { readonly ok: boolean };
type Form = Readonly<Record<string, string>>;

const failure = (error: string): Answer => ({ ok: false, error });

/** Slack sends structured arguments as JSON text in a form field. */
const Blocks = z.array(z.looseObject({ type: z.string() })).max(50);
const Attachments = z.array(z.looseObject({})).max(100);

function parseList(schema: z.ZodType<unknown[]>, value: string | undefined): unknown[] | undefined {
  if (value === undefined || value === '') return [];
  try {
    return schema.parse(JSON.parse(value));
  } catch {
    return undefined;
  }
}

/** An id for a channel or user that the sink has not heard of: the same name always gets the same id. */
function idOf(prefix: string, name: string): string {
  return prefix + createHash('sha256').update(name).digest('hex').slice(0, 10).toUpperCase();
}

/** The methods of Slack's Web API that the product uses, with Slack's own answers and error codes. */
export class SlackSink {
  readonly #token: string;
  readonly #store: MessageStore<StoredSlackMessage>;
  /** Microseconds; `ts` is a message's identity in its channel and must never repeat. */
  #lastTs = 0;

  constructor(token: string, store: MessageStore<StoredSlackMessage>) {
    this.#token = token;
    this.#store = store;
    const newest = store.list().at(-1);
    if (newest !== undefined) this.#lastTs = Math.round(Number(newest.ts) * 1e6);
  }

  messages(): StoredSlackMessage[] {
    return this.#store.list();
  }

  call(method: string, form: Form, authorization: string | undefined): Answer {
    const token = authorization?.replace(/^Bearer /, '') ?? form['token'] ?? '';
    if (token === '') return failure('not_authed');
    const known = Buffer.byteLength(token) === Buffer.byteLength(this.#token);
    if (!known || !timingSafeEqual(Buffer.from(token), Buffer.from(this.#token)))
      return failure('invalid_auth');
    switch (method) {
      case 'auth.test':
        return {
          ok: true,
          url: 'http://localhost/',
          team: 'Perennial',
          user: 'perennial',
          team_id: TEAM,
          user_id: BOT_USER,
          bot_id: BOT,
        };
      case 'chat.postMessage':
        return this.#post(form);
      case 'chat.update':
        return this.#update(form);
      case 'conversations.open':
        return this.#open(form);
      default:
        return failure('unknown_method');
    }
  }

  #post(form: Form): Answer {
    const asked = form['channel'];
    if (asked === undefined || asked === '') return failure('channel_not_found');
    const content = this.#content(form);
    if ('error' in content) return failure(content.error);
    const channel = this.#channel(asked);
    const threadTs = form['thread_ts'] ?? null;
    if (threadTs !== null && this.#find(channel.id, threadTs) === undefined)
      return failure('thread_not_found');
    this.#lastTs = Math.max(Date.now() * 1_000, this.#lastTs + 1);
    const ts = `${String(Math.floor(this.#lastTs / 1e6))}.${String(this.#lastTs % 1e6).padStart(6, '0')}`;
    const message = {
      channel: channel.id,
      channelName: channel.name,
      ts,
      threadTs,
      ...content,
      editedAt: null,
    };
    this.#store.put(ts, message);
    return { ok: true, channel: channel.id, ts, message: this.#asSlack(message) };
  }

  #update(form: Form): Answer {
    const known = this.#find(form['channel'] ?? '', form['ts'] ?? '');
    if (known === undefined) return failure('message_not_found');
    const content = this.#content(form);
    if ('error' in content) return failure(content.error);
    const message = { ...known, ...content, editedAt: new Date().toISOString() };
    this.#store.put(message.ts, message);
    return {
      ok: true,
      channel: message.channel,
      ts: message.ts,
      text: message.text,
      message: this.#asSlack(message),
    };
  }

  #open(form: Form): Answer {
    const users = (form['users'] ?? '').split(',').filter((user) => user !== '');
    if (users.length === 0) return failure('users_list_not_supplied');
    return { ok: true, channel: { id: idOf(users.length === 1 ? 'D' : 'G', users.sort().join(',')) } };
  }

  #content(form: Form) {
    const blocks = parseList(Blocks, form['blocks']);
    if (blocks === undefined) return { error: 'invalid_blocks' };
    const attachments = parseList(Attachments, form['attachments']);
    if (attachments === undefined) return { error: 'invalid_attachments' };
    const text = form['text'] ?? '';
    if (text === '' && blocks.length === 0 && attachments.length === 0) return { error: 'no_text' };
    return { text, blocks, attachments };
  }

  /** Ids (C, D, G and upper case) are taken as they are; `#name` and `name` are one channel. */
  #channel(asked: string): { id: string; name: string } {
    if (/^[CDG][A-Z0-9]{8,}$/.test(asked)) {
      const named = this.#store.list().find((message) => message.channel === asked);
      return { id: asked, name: named?.channelName ?? asked };
    }
    const name = asked.replace(/^#/, '');
    return { id: idOf('C', name), name };
  }

  #find(channel: string, ts: string): StoredSlackMessage | undefined {
    const message = this.#store.get(ts);
    return message?.channel === this.#channel(channel).id ? message : undefined;
  }

  #asSlack(message: StoredSlackMessage): Readonly<Record<string, unknown>> {
    return {
      type: 'message',
      subtype: 'bot_message',
      bot_id: BOT,
      user: BOT_USER,
      ts: message.ts,
      text: message.text,
      ...(message.blocks.length > 0 ? { blocks: message.blocks } : {}),
      ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    };
  }
}
