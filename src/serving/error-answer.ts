import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply } from 'fastify';
import {
  BODY_TOO_LARGE,
  INTERNAL_ERROR,
  MEDIA_TYPE_UNSUPPORTED,
  REQUEST_INVALID,
} from '../errors/api-errors.ts';
import { isPerennialError } from '../errors/define-error.ts';
import type { Problem } from '../errors/define-error.ts';
import { INPUT_INVALID } from '../errors/lifecycle-errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { SeldomLog } from './seldom-log.ts';

/** A request may have as many problems as it has bytes; its answer is read by a person. */
const MAX_PROBLEMS = 20;
const MAX_CHARS = 2000;
/** Which a caller of anything that is not there for now waits at least. */
const COME_AGAIN_S = 1;

/** Fastify's own refusals whose cause has a code; the others are of the body's form. */
const FRAMEWORK_CODES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: BODY_TOO_LARGE.code,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: MEDIA_TYPE_UNSUPPORTED.code,
  FST_ERR_BAD_URL: REQUEST_INVALID.code,
  FST_ERR_MAX_PARAM_LENGTH: REQUEST_INVALID.code,
};

/** The one form of what is not an answer. */
export function refusal(code: string, message: string, problems: readonly Problem[] = []) {
  const shown = problems
    .slice(0, MAX_PROBLEMS)
    .map((problem) => ({ ...problem, message: clip(problem.message) }));
  return { error: clip(message), code, ...(shown.length === 0 ? {} : { problems: shown }) };
}

export function sendError(
  error: FastifyError,
  reply: FastifyReply,
  { logger, seldom }: { readonly logger: Logger; readonly seldom: SeldomLog },
): FastifyReply {
  if (isPerennialError(error)) {
    if (error.status >= 500) seldom.warn(error.code, error, 'a request was not answered');
    if (error.status === 503) void reply.header('retry-after', COME_AGAIN_S);
    return reply.code(error.status).send(refusal(error.code, error.message, error.problems));
  }
  const status = error.statusCode ?? 500;
  if (status < 500)
    return reply.code(status).send(refusal(FRAMEWORK_CODES[error.code] ?? INPUT_INVALID.code, error.message));
  logger.error({ err: error }, 'a request failed');
  return reply.code(500).send(refusal(INTERNAL_ERROR.code, 'The gateway failed; its log says why.'));
}

/** What is not HTTP, or comes too slowly, never becomes a request; its sender still gets the one form. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const status = late ? '408 Request Timeout' : '400 Bad Request';
  const text = late ? 'The request took too long to arrive.' : 'The request is not valid HTTP.';
  const body = JSON.stringify(refusal(REQUEST_INVALID.code, text));
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function clip(text: string): string {
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text;
}
