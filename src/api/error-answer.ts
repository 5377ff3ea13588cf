import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import {
  BODY_MALFORMED,
  BODY_TOO_LARGE,
  INTERNAL_ERROR,
  MEDIA_TYPE_UNSUPPORTED,
  REQUEST_INVALID,
  ROUTE_NOT_FOUND,
} from '../errors/api-errors.ts';
import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import type { ErrorDefinition, Problem } from '../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE, INPUT_INVALID } from '../errors/lifecycle-errors.ts';
import { isDatabaseAway } from '../registry/database-away.ts';
import type { ErrorAnswer } from '../contracts/api/error-answer.ts';

const FRAMEWORK_CODES: Readonly<Record<string, readonly [ErrorDefinition, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [BODY_TOO_LARGE, 'the request body is larger than this route takes'],
  FST_ERR_CTP_INVALID_JSON_BODY: [BODY_MALFORMED, 'the request body is not valid JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [BODY_MALFORMED, 'the request body is empty; send a JSON object'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    BODY_MALFORMED,
    'the request body is not as long as Content-Length says',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    MEDIA_TYPE_UNSUPPORTED,
    'this Content-Type is not supported; send application/json',
  ],
};

/** To whom a server of ours is away: a restart takes a few seconds. */
const COME_AGAIN_S = 5;

function problemsOf(error: Pick<FastifyError, 'validation' | 'validationContext'>): Problem[] {
  const place = error.validationContext ?? 'body';
  return (error.validation ?? []).map((issue) => ({
    path: `${place}${issue.instancePath.replaceAll('/', '.')}`,
    message: issue.message ?? 'is not allowed',
  }));
}

/** Any error as a coded one; what nobody foresaw is INTERNAL_ERROR, whose text tells nothing of the inside. */
export function codedError(error: unknown): PerennialError {
  if (isPerennialError(error)) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const problems = problemsOf(error);
    const text = problems.map((p) => `${p.path ?? ''}: ${p.message}`).join('; ');
    return new PerennialError(INPUT_INVALID, text, { problems });
  }
  const known = FRAMEWORK_CODES[(error as Partial<FastifyError> | null)?.code ?? ''];
  if (known) return new PerennialError(known[0], known[1]);
  if (error instanceof SyntaxError && (error as FastifyError).statusCode === 400)
    return new PerennialError(BODY_MALFORMED, 'the request body is not valid JSON');
  if (isDatabaseAway(error))
    return new PerennialError(DEPENDENCY_UNAVAILABLE, 'the registry (PostgreSQL) did not answer', {
      cause: error,
    });
  const status = (error as Partial<FastifyError> | null)?.statusCode ?? 500;
  if (status >= 400 && status < 500)
    return new PerennialError({ ...REQUEST_INVALID, status }, 'the request is malformed', { cause: error });
  return new PerennialError(INTERNAL_ERROR, 'an unexpected error; the log has it under the request id', {
    cause: error,
  });
}

function errorAnswer(error: PerennialError, requestId: string): ErrorAnswer {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.problems.length === 0 ? {} : { problems: error.problems.map((problem) => ({ ...problem })) }),
      requestId,
    },
  };
}

/** Every answer that is not a success has one shape, whatever went wrong and wherever. */
export function answerErrorsAlike(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    answerError(
      new PerennialError(
        ROUTE_NOT_FOUND,
        `there is no ${request.method} ${withoutQuery(request.url)}; see /docs`,
      ),
      request,
      reply,
    ),
  );
}

function withoutQuery(url: string): string {
  const path = url.split('?', 1)[0] ?? '';
  return path.startsWith('/act/') ? '/act/…' : path;
}

/** What the log says of a request: never the token of an action link. */
export function loggedUrl(request: { readonly method: string; readonly url: string }): object {
  const { method, url } = request;
  return { method, url: url.startsWith('/act/') ? '/act/…' : url };
}

/** Errors from before routing, such as a malformed address. */
export function answerFrameworkError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  void answerError(error, request, reply);
}

/** A request that is not HTTP never becomes one of Fastify's; its sender still gets the one shape of errors. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const status = late ? '408 Request Timeout' : '400 Bad Request';
  const text = late ? 'the request took too long to arrive' : 'the request is not valid HTTP';
  const body = JSON.stringify(errorAnswer(new PerennialError(REQUEST_INVALID, text), randomUUID()));
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const coded = codedError(error);
  if (coded.status >= 500) request.log.error({ err: error, code: coded.code }, 'request failed');
  else request.log.info({ code: coded.code }, 'request refused');
  const retryAfter = coded.details['retryAfterSeconds'] ?? (coded.status === 503 ? COME_AGAIN_S : undefined);
  if (typeof retryAfter === 'number') void reply.header('retry-after', retryAfter);
  if (coded.status === 401) void reply.header('www-authenticate', 'Bearer realm="perennial"');
  return reply
    .code(coded.status)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(errorAnswer(coded, request.id));
}
