import type { FastifyInstance, FastifyRequest } from 'fastify';
import { allows, rolesThatAllow } from '../domain/permissions.ts';
import {
  ENVIRONMENT_NOT_SERVED,
  PERMISSION_DENIED,
  TOO_MANY_FAILURES,
  UNAUTHENTICATED,
} from '../errors/api-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { Database } from '../registry/database.ts';
import { actorOfToken, tokenIdOf } from '../registry/tokens.ts';
import type { Attempt, FailureLimiter } from './failure-limiter.ts';

function bearerOf(request: FastifyRequest): string | null {
  return /^Bearer ([\x21-\x7e]{1,200})$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

/** @throws PerennialError TOO_MANY_FAILURES while such an attempt is held back */
export function refuseIfLimited(limiter: FailureLimiter, attempt: Attempt): void {
  const retryAfterSeconds = limiter.retryAfterSeconds(attempt);
  if (retryAfterSeconds === 0) return;
  const text = `too many failed attempts; try again in ${retryAfterSeconds} s`;
  throw new PerennialError(TOO_MANY_FAILURES, text, { details: { retryAfterSeconds } });
}

/**
 * Opens every route of this scope by bearer token and by the permission that the route names. A route that names
 * none can't be registered. All of it happens before a body is read.
 */
export function requireTokens(
  app: FastifyInstance,
  options: { readonly db: Database; readonly limiter: FailureLimiter; readonly environment: string },
): void {
  app.addHook('onRoute', (route) => {
    if (route.config?.permission === undefined)
      throw new TypeError(`${String(route.method)} ${route.url} names no permission`);
  });
  app.addHook('onRequest', async (request) => {
    const token = bearerOf(request);
    const claim = token === null ? null : tokenIdOf(token);
    const attempt = { address: request.ip, claim, proof: token };
    refuseIfLimited(options.limiter, attempt);
    const actor = token === null ? null : await actorOfToken(options.db, token);
    if (token === null || actor === null) {
      options.limiter.recordFailure(attempt);
      throw new PerennialError(
        UNAUTHENTICATED,
        token === null
          ? 'send a token: `Authorization: Bearer pnl_…`'
          : 'the token is malformed, unknown, expired or revoked',
      );
    }
    options.limiter.recordSuccess(token);
    request.actor = actor;
    refuseIfNotPermitted(request);
    refuseOtherEnvironment(request, options.environment);
  });
}

function refuseIfNotPermitted(request: FastifyRequest): void {
  const { permission } = request.routeOptions.config;
  if (permission === undefined || allows(request.actor, permission)) return;
  const text = `${request.actor.id} (${request.actor.roles.join(', ') || 'no roles'}) may not do this; it takes one of: ${rolesThatAllow(permission).join(', ')}`;
  throw new PerennialError(PERMISSION_DENIED, text, { details: { permission } });
}

function refuseOtherEnvironment(request: FastifyRequest, served: string): void {
  const asked = (request.query as { environment?: unknown } | undefined)?.environment;
  if (asked === undefined || asked === served) return;
  throw new PerennialError(
    ENVIRONMENT_NOT_SERVED,
    `this server serves environment ${served}, not ${JSON.stringify(asked)}`,
  );
}
