import fastify from 'fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { FeedbackRequest, RankRequest } from '../contracts/serving.ts';
import { ROUTE_NOT_FOUND } from '../errors/api-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import { INPUT_INVALID } from '../errors/lifecycle-errors.ts';
import type { Logger } from '../platform/logger.ts';
import { admitRequests } from './admit-requests.ts';
import { answerBrokenRequest, refusal, sendError } from './error-answer.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import { jsonExcess } from './json-bounds.ts';
import { InferRequest, metadataOf } from './open-inference.ts';
import type { PredictionService } from './prediction-service.ts';
import type { RouteFollower } from './route-follower.ts';
import type { SeldomLog } from './seldom-log.ts';
import type { VersionLoader } from './version-loader.ts';

const BODY_LIMIT_BYTES = 32 * 2 ** 20;
const RANK_LIMIT_BYTES = 4 * 2 ** 20;
const FEEDBACK_LIMIT_BYTES = 2 ** 20;
const CHECK_CONNECTIONS_MS = 500;
const MAX_PROBLEMS = 20;
const SERVER_NAME = 'perennial';
const PROTOCOL_VERSION = '2';

/** How long, and from how many, the gateway takes requests. */
export interface GatewayHttpLimits {
  /** From the first byte of a connection to the last of a request's headers. */
  readonly headersTimeoutMs: number;
  /** To the last byte of its body. */
  readonly requestTimeoutMs: number;
  /** Those beyond are closed at once. */
  readonly maxConnections: number;
}

export interface GatewayHttpOptions {
  readonly service: PredictionService;
  readonly follower: RouteFollower;
  readonly loader: VersionLoader;
  readonly metrics: GatewayMetrics;
  readonly gatewayId: string;
  readonly environment: string;
  /** False once the gateway is stopping: balancers should go elsewhere. */
  readonly accepting: () => boolean;
  readonly logger: Logger;
  readonly seldom: SeldomLog;
  readonly limits: GatewayHttpLimits;
}

const ModelPath = z.object({
  name: z.string().min(1),
  version: z.coerce.number().int().positive().nullable().default(null),
});

/** The gateway's HTTP interface: the Open Inference Protocol v2, ranking, feedback, and what an operator asks. */
export function gatewayHttp(options: GatewayHttpOptions): FastifyInstance {
  const { service, follower, loader, metrics } = options;
  const app = boundedServer(options);
  const ready = (): boolean => options.accepting() && follower.ready;
  const json = (reply: FastifyReply, text: string) =>
    reply.type('application/json; charset=utf-8').send(text);

  app.get('/v2', () => ({ name: SERVER_NAME, version: PROTOCOL_VERSION, extensions: [] }));
  app.get('/v2/health/live', () => ({ live: true }));
  app.get('/v2/health/ready', (_, reply) => reply.code(ready() ? 200 : 503).send({ ready: ready() }));
  for (const base of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    app.get(base, async (request) => {
      const { name, version } = parse(ModelPath, request.params);
      const loaded = await service.describe(name, version);
      return metadataOf(name, loader.versionsOf(name), loaded);
    });
    app.get(`${base}/ready`, async (request) => {
      const { name, version } = parse(ModelPath, request.params);
      const loaded = await service.describe(name, version);
      return { name, version: String(loaded.servable.version), ready: ready() };
    });
    app.post(`${base}/infer`, async (request, reply) => {
      const { name, version } = parse(ModelPath, request.params);
      return json(reply, await service.infer(name, parse(InferRequest, request.body), version));
    });
  }
  app.post('/v1/models/:name/rank', { bodyLimit: RANK_LIMIT_BYTES }, async (request, reply) => {
    const { name } = parse(ModelPath, request.params);
    return json(reply, await service.rank(name, parse(RankRequest, request.body)));
  });
  app.post('/v1/feedback', { bodyLimit: FEEDBACK_LIMIT_BYTES }, (request) => ({
    accepted: service.feedback(parse(FeedbackRequest, request.body)),
  }));
  app.get('/v1/routes', () => ({
    gateway: options.gatewayId,
    environment: options.environment,
    routes: follower.routes().map((route) => ({ ...route, loaded: loader.versionsOf(route.model) })),
  }));
  app.get('/metrics', (_, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.render()),
  );
  app.get('/healthz', (_, reply) =>
    reply.code(ready() ? 200 : 503).send({ ok: ready(), gateway: options.gatewayId }),
  );

  app.setNotFoundHandler((request, reply) => {
    const text = `The gateway has no ${request.method} ${request.url}`;
    return reply.code(404).send(refusal(ROUTE_NOT_FOUND.code, text));
  });
  app.setErrorHandler((error: FastifyError, _, reply) => sendError(error, reply, options));
  return app;
}

/** A server that gives nobody more time, memory or connections than it can spare. */
function boundedServer(options: GatewayHttpOptions): FastifyInstance {
  const { limits, accepting } = options;
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: 'idle',
    // While it stops `admitRequests` refuses, in the one form of errors, and health still answers.
    return503OnClosing: false,
    requestTimeout: limits.requestTimeoutMs,
    http: { headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: CHECK_CONNECTIONS_MS },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => void sendError(error, reply, options),
  });
  app.server.maxConnections = limits.maxConnections;
  admitRequests(app, accepting);
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string' },
    (request: FastifyRequest, body, done) => {
      const excess = jsonExcess(body);
      if (excess === null) return parseJson(request, body, done);
      done(new PerennialError(INPUT_INVALID, `The request is not usable: the body ${excess}`));
    },
  );
  return app;
}

/** @throws PerennialError INPUT_INVALID with the first problems */
function parse<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, MAX_PROBLEMS).map((issue) => ({
    path: issue.path.join('.'),
    message: issue.message,
  }));
  const list = problems.map((problem) => `${problem.path || 'body'}: ${problem.message}`).join('; ');
  throw new PerennialError(INPUT_INVALID, `The request is not usable: ${list}`, { problems });
}
