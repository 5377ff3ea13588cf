import { z } from 'zod';
import { NewTokenAnswer, TokenAnswer } from '../../contracts/api/answers.ts';
import { TokenParams, TokenRequest } from '../../contracts/api/requests.ts';
import { withTransaction } from '../../registry/database.ts';
import { generateToken, listTokens, revokeToken, storeToken } from '../../registry/tokens.ts';
import type { ApiDependencies, ApiInstance } from '../api-instance.ts';
import { answers } from './route-schemas.ts';

const DAY_MS = 86_400_000;

export function registerTokenRoutes(app: ApiInstance, deps: ApiDependencies): void {
  const { db } = deps;
  const config = { permission: 'token.manage' } as const;

  app.post(
    '/tokens',
    {
      config,
      schema: {
        tags: ['tokens'],
        summary: 'Make a token; its secret is in this answer only',
        body: TokenRequest,
        response: answers(NewTokenAnswer),
      },
    },
    async (request) => {
      const { actor, roles, expiresInDays } = request.body;
      const secret = generateToken();
      const record = await withTransaction(db, (tx) =>
        storeToken(tx, secret, {
          actor,
          roles: [...new Set(roles)],
          expiresAt: expiresInDays === null ? null : new Date(deps.now() + expiresInDays * DAY_MS),
          createdBy: request.actor.id,
        }),
      );
      return { ...record, token: secret.token };
    },
  );

  app.get(
    '/tokens',
    {
      config,
      schema: {
        tags: ['tokens'],
        summary: 'All tokens, without their secrets',
        response: answers(z.object({ tokens: z.array(TokenAnswer).readonly() })),
      },
    },
    async () => ({ tokens: await listTokens(db) }),
  );

  app.post(
    '/tokens/:tokenId/revoke',
    {
      config,
      schema: {
        tags: ['tokens'],
        summary: 'End a token at once',
        params: TokenParams,
        response: answers(TokenAnswer),
      },
    },
    (request) => withTransaction(db, (tx) => revokeToken(tx, request.params.tokenId, request.actor)),
  );
}
