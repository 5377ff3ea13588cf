import { request as requestHttp } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import { WEBHOOK_REFUSED, WEBHOOK_UNAVAILABLE } from '../errors/notification-errors.ts';
import { checkWebhookUrl, isAllowedHost, publicLookup } from './webhook-address.ts';
import type { ResolveHost } from './webhook-address.ts';

const TIMEOUT_MS = 15_000;
/** An endpoint may ask for a long pause, but not for the delivery's whole life. */
const LONGEST_PAUSE_MS = 6 * 3_600_000;
const MS = 1_000;
/** Answers of a client's error that another try may change. */
const PASSING = new Set([408, 425, 429]);

export interface WebhookRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PostOptions {
  readonly allowedHosts: readonly string[];
  readonly resolve?: ResolveHost;
  readonly timeoutMs?: number;
}

/**
 * Sends one request, follows no redirect, and takes any answer of 200 to 299 for received.
 * @returns the status of the answer
 * @throws PerennialError WEBHOOK_ADDRESS_REFUSED, WEBHOOK_REFUSED, WEBHOOK_UNAVAILABLE; `details.statusCode` is what
 * was answered, `details.retryAfterMs` how long to wait where the endpoint said so
 */
export async function postWebhook(sent: WebhookRequest, options: PostOptions): Promise<number> {
  checkWebhookUrl(sent.url, options.allowedHosts);
  const answer = await exchange(sent, options);
  const statusCode = answer.statusCode ?? 0;
  if (statusCode >= 200 && statusCode < 300) return statusCode;
  const text = `${sent.url.host} answered ${String(statusCode)}`;
  if (statusCode >= 500 || PASSING.has(statusCode))
    throw new PerennialError(WEBHOOK_UNAVAILABLE, text, {
      details: { statusCode, ...pauseOf(answer.headers['retry-after']) },
    });
  const why = statusCode < 400 ? 'redirects are not followed' : 'it takes no such request';
  throw new PerennialError(WEBHOOK_REFUSED, `${text}: ${why}`, { details: { statusCode } });
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function pauseOf(retryAfter: string | undefined): { retryAfterMs?: number } {
  if (retryAfter === undefined) return {};
  const asked = /^\d+$/.test(retryAfter) ? Number(retryAfter) * MS : Date.parse(retryAfter) - Date.now();
  return Number.isFinite(asked) && asked > 0 ? { retryAfterMs: Math.min(asked, LONGEST_PAUSE_MS) } : {};
}

function exchange(sent: WebhookRequest, options: PostOptions): Promise<IncomingMessage> {
  const { url, headers, body } = sent;
  const lookup = isAllowedHost(url, options.allowedHosts) ? {} : { lookup: publicLookup(options.resolve) };
  const signal = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  const content = { ...headers, 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? requestHttps : requestHttp;
    // A connection of its own each time: one that was kept could be to an address that was right before.
    const request: ClientRequest = start(url, {
      method: 'POST',
      headers: content,
      agent: false,
      signal,
      ...lookup,
    });
    request.once('error', (error) => reject(toCoded(error, url.host, signal)));
    request.once('response', (response) => {
      resolve(response);
      // What it says beyond its status is of no use, and may be endless.
      response.on('error', () => undefined).destroy();
    });
    request.end(body);
  });
}

function toCoded(error: unknown, host: string, signal: AbortSignal): PerennialError {
  if (isPerennialError(error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const why = signal.aborted ? 'it did not answer in time' : (code ?? (error as Error).name);
  return new PerennialError(WEBHOOK_UNAVAILABLE, `${host} could not be reached: ${why}`, { cause: error });
}
