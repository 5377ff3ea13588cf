import { ErrorAnswer } from '../contracts/api/error-answer.ts';
import { PerennialError } from '../errors/define-error.ts';
import { SERVER_UNREACHABLE } from '../errors/cli-errors.ts';

export interface ApiClient {
  get(path: string): Promise<unknown>;
  getText(path: string): Promise<string>;
  post(path: string, body?: unknown): Promise<unknown>;
}

const REQUEST_TIMEOUT_MS = 60_000;

/** Calls the HTTP API. A refusal becomes a PerennialError with the server's code, status, message and problems. */
export function createApiClient(url: string, token: string | null): ApiClient {
  const call = async (method: string, path: string, body?: unknown): Promise<Response> => {
    let response: Response;
    try {
      response = await fetch(new URL(path, url), {
        method,
        headers: {
          accept: 'application/json',
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    } catch (error) {
      throw new PerennialError(
        SERVER_UNREACHABLE,
        `no answer from ${url}. Is it running? \`perennial dev\` starts one here.`,
        { cause: error },
      );
    }
    if (response.ok) return response;
    const text = await response.text();
    const parsed = ErrorAnswer.safeParse(parseJson(text));
    const { code, message, problems } = parsed.success
      ? parsed.data.error
      : {
          code: `HTTP_${response.status}`,
          message: text.slice(0, 300) || response.statusText,
          problems: undefined,
        };
    throw new PerennialError(
      { code, status: response.status, retry: response.status >= 500 ? 'later' : 'never', summary: '' },
      message,
      problems ? { problems: problems as PerennialError['problems'] } : {},
    );
  };
  return {
    get: async (path) => (await call('GET', path)).json(),
    getText: async (path) => (await call('GET', path)).text(),
    post: async (path, body) => (await call('POST', path, body ?? {})).json(),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
