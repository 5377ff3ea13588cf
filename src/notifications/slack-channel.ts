import slack from '@slack/web-api';
import type { WebClient as SlackClient } from '@slack/web-api';
import { PerennialError } from '../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../errors/lifecycle-errors.ts';
import { NOTIFICATION_RATE_LIMITED, NOTIFICATION_REFUSED } from '../errors/notification-errors.ts';
import type { NotificationChannel, OutgoingNotice } from './notification-channel.ts';
import { renderSlack } from './render-slack.ts';

const TIMEOUT_MS = 10_000;
/** Slack's answers that another try may change; every other one is a mistake of the configuration or the message. */
const PASSING = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
  'accesslimited',
]);
const THREAD_GONE = new Set(['thread_not_found', 'message_not_found']);
const MS = 1_000;
const CLIENT_ERROR = 400;
const SERVER_ERROR = 500;

export interface SlackSettings {
  readonly botToken: string;
  /** Absent: Slack itself. */
  readonly apiUrl: string | undefined;
}

/** Posts through Slack's Web API. Retrying is left to Temporal, which survives this process. */
export function createSlackChannel(settings: SlackSettings): NotificationChannel {
  const client = new slack.WebClient(settings.botToken, {
    ...(settings.apiUrl === undefined ? {} : { slackApiUrl: settings.apiUrl }),
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
    timeout: TIMEOUT_MS,
    logLevel: slack.LogLevel.ERROR,
  });
  return {
    name: 'slack',
    async send(message) {
      try {
        return await post(client, message);
      } catch (error) {
        // Who deleted the first message of a thread must not lose the rest of it.
        if (message.thread !== null && THREAD_GONE.has(platformError(error) ?? ''))
          return post(client, { ...message, thread: null }).catch((again: unknown) => {
            throw toCoded(again, message.recipient);
          });
        throw toCoded(error, message.recipient);
      }
    },
  };
}

async function post(client: SlackClient, message: OutgoingNotice): Promise<{ externalId: string }> {
  const { notice, links, recipient, thread } = message;
  const { text, blocks } = renderSlack(notice, links);
  const escalated = notice.kind === 'incident_escalated';
  const inThread =
    thread === null
      ? {}
      : // What escalates must be seen by those who don't follow the thread.
        { thread_ts: thread.externalId, ...(escalated ? { reply_broadcast: true } : {}) };
  const content = { channel: recipient, text, blocks, unfurl_links: false, unfurl_media: false, ...inThread };
  const answer = await client.chat.postMessage(content);
  if (answer.ts === undefined)
    throw new PerennialError(DEPENDENCY_UNAVAILABLE, 'Slack took a message and gave it no timestamp');
  return { externalId: answer.ts };
}

function platformError(error: unknown): string | null {
  return error instanceof slack.WebAPIPlatformError ? error.data.error : null;
}

function toCoded(error: unknown, recipient: string): unknown {
  if (error instanceof slack.WebAPIRateLimitedError)
    return new PerennialError(
      NOTIFICATION_RATE_LIMITED,
      `Slack asks to wait ${error.retryAfter} s before the next message`,
      { details: { retryAfterMs: error.retryAfter * MS } },
    );
  if (error instanceof slack.WebAPIPlatformError) {
    const code = error.data.error;
    if (PASSING.has(code))
      return new PerennialError(DEPENDENCY_UNAVAILABLE, `Slack answered ${code}`, {
        details: { dependency: 'slack', code },
      });
    return new PerennialError(
      NOTIFICATION_REFUSED,
      `Slack refused a message to ${recipient}: ${code}. Check SLACK_BOT_TOKEN, its scope chat:write, and that the bot is in the channel`,
      { details: { channel: 'slack', code } },
    );
  }
  if (error instanceof slack.WebAPIHTTPError) {
    const { statusCode } = error;
    const refused = statusCode >= CLIENT_ERROR && statusCode < SERVER_ERROR;
    return new PerennialError(
      refused ? NOTIFICATION_REFUSED : DEPENDENCY_UNAVAILABLE,
      `Slack answered HTTP ${statusCode}`,
      { details: { dependency: 'slack', statusCode } },
    );
  }
  if (error instanceof slack.WebAPIRequestError)
    return new PerennialError(
      DEPENDENCY_UNAVAILABLE,
      `Slack could not be reached: ${(error.original as NodeJS.ErrnoException).code ?? error.original.name}`,
      { details: { dependency: 'slack' }, cause: error },
    );
  return error;
}
