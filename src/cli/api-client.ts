import { ErrorAnswer } from '../contracts/api/error-answer.ts';
import { PerennialError } from '../errors/define-error.ts';
import { SERVER_UNREACHABLE } from '../errors/cli-errors.ts';

export interface ApiClient {
  get(path: string): Promise<unknown>;
  getText(path: string): Promise<string>;
  post(path: string, body?: unknown): Promise<unknown>;
}

/** Longer than the API waits for anything, a rollback on all gateways included: its answer says more than our giving up. */
const REQUEST_TIMEOUT_MS = 150_000;

interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly text: string;
}

/** Calls the HTTP API. A refusal becomes a PerennialError with the server's code, status, message and problems. */
export function createApiClient(
  url: string,
  token: string | null,
  timeoutMs: number = REQUEST_TIMEOUT_MS,
): ApiClient {
  const ask = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    try {
      const response = await fetch(new URL(path, url), {
        method,
        headers: {
          accept: 'application/json',
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const { status, statusText } = response;
      return { status, statusText, text: await response.text() };
    } catch (error) {
      const late = error instanceof Error && error.name === 'TimeoutError';
      const message = late
        ? `no answer from ${url} within ${timeoutMs / 1000} s${method === 'GET' ? '' : '; it may still be carried out: look at `perennial status` before you repeat it'}`
        : `no answer from ${url}. Is it running? \`perennial dev\` starts one here.`;
      throw new PerennialError(SERVER_UNREACHABLE, message, { cause: error });
    }
  };
  const call = async (method: string, path: string, body?: unknown): Promise<string> => {
    const { status, statusText, text } = await ask(method, path, body);
    if (status >= 200 && status < 300) return text;
    const parsed = ErrorAnswer.safeParse(parseJson(text));
    const { code, message, problems } = parsed.success
      ? parsed.data.error
      : {
          code: `HTTP_${status}`,
          message: text.slice(0, 300) || statusText,
          problems: undefined,
        };
    throw new PerennialError(
      { code, status, retry: status >= 500 ? 'later' : 'never', summary: '' },
      message,
      problems ? { problems: problems as PerennialError['problems'] } : {},
    );
  };
  return {
    get: async (path) => JSON.parse(await call('GET', path)) as unknown,
    getText: (path) => call('GET', path),
    post: async (path, body) => JSON.parse(await call('POST', path, body ?? {})) as unknown,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
