import { randomUUID } from 'node:crypto';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify from 'fastify';
import type { FastifyBaseLogger } from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { ApiDependencies, ApiInstance } from './api-instance.ts';
import { requireTokens } from './authentication.ts';
import { answerErrorsAlike, answerFrameworkError, answerBrokenRequest, loggedUrl } from './error-answer.ts';
import { FailureLimiter } from './failure-limiter.ts';
import { registerActionPages } from './routes/action-pages.ts';
import { registerAuditRoutes } from './routes/audit.ts';
import { registerCommandRoutes } from './routes/commands.ts';
import { registerHealthRoutes } from './routes/health.ts';
import { registerIncidentRoutes } from './routes/incidents.ts';
import { registerModelRoutes } from './routes/models.ts';
import { registerTokenRoutes } from './routes/tokens.ts';
import { registerVersionRoutes } from './routes/versions.ts';
import { registerWebhookDeliveryRoutes } from './routes/webhook-deliveries.ts';
import { registerWebhookRoutes } from './routes/webhooks.ts';

const BODY_LIMIT_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 60_000;
const MAX_PARAM_CHARS = 4096;

const API_SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;
/** The documentation runs scripts: its own, from this server, and nothing else. */
const DOCS_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/** Builds the server without listening. Every route is described at /docs. */
export async function buildServer(deps: ApiDependencies, logger: FastifyBaseLogger): Promise<ApiInstance> {
  const base = fastify({
    loggerInstance: logger.child(
      {},
      { serializers: { req: (request: { method: string; url: string }) => loggedUrl(request) } },
    ),
    genReqId: () => randomUUID(),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // What comes on a connection that is open as the server stops is answered, and the connection closed.
    return503OnClosing: false,
    trustProxy: [...(deps.trustedProxies ?? [])],
    routerOptions: { maxParamLength: MAX_PARAM_CHARS, ignoreTrailingSlash: true },
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerBrokenRequest,
  });
  const app: ApiInstance = base.withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  answerErrorsAlike(app);
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
    void reply.headers(API_SECURITY_HEADERS);
  });
  await app.register(swagger, {
    openapi: {
      info: {
        title: 'Perennial',
        description: 'Keeps machine-learning models alive.',
        version: 'v1',
      },
      components: {
        securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'pnl_<id>_<secret>' } },
      },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_SECURITY_POLICY,
    // Else each visit would tell another site where this server is.
    uiConfig: { validatorUrl: null },
    theme: {
      title: 'Perennial API',
      // The bar on top only advertises: another product's logo, and a field for other servers' descriptions.
      css: [{ filename: 'perennial.css', content: '.swagger-ui .topbar { display: none }' }],
    },
  });

  const limiter = new FailureLimiter(deps.now);
  registerHealthRoutes(app, deps);
  await app.register((scope, _options, done) => {
    registerWebhookRoutes(scope, deps, limiter);
    done();
  });
  await app.register((scope, _options, done) => {
    registerActionPages(scope, deps);
    done();
  });
  await app.register(
    (scope, _options, done) => {
      const v1 = scope as ApiInstance;
      requireTokens(scope, { db: deps.db, limiter, environment: deps.environment });
      registerModelRoutes(v1, deps);
      registerVersionRoutes(v1, deps);
      registerCommandRoutes(v1, deps);
      registerIncidentRoutes(v1, deps);
      registerTokenRoutes(v1, deps);
      registerAuditRoutes(v1, deps);
      registerWebhookDeliveryRoutes(v1, deps);
      done();
    },
    { prefix: '/v1' },
  );
  return app;
}
