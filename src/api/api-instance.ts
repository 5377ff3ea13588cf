import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client } from '@temporalio/client';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { Actor } from '../domain/actor.ts';
import type { Permission } from '../domain/permissions.ts';
import type { Database } from '../registry/database.ts';
import type { LifecycleClient } from './lifecycle-client.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route needs; set on every route under /v1 that a token opens. */
    permission?: Permission;
  }
  interface FastifyRequest {
    /** Who asks. Only there once the token was checked. */
    actor: Actor;
  }
}

/** A server whose routes are typed by zod schemas. */
export type ApiInstance = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What the routes work with; made in `main.ts`, or by a test. */
export interface ApiDependencies {
  readonly environment: string;
  readonly db: Database;
  readonly temporal: Client;
  readonly lifecycle: LifecycleClient;
  readonly artifacts: ArtifactStore;
  readonly linkSecret: string;
  readonly webhookSecrets: Readonly<Record<string, string>>;
  /** Hosts that outgoing webhooks may reach by plain http and in private networks. */
  readonly webhookAllowedHosts: readonly string[];
  /** Reverse proxies that are believed in who asks; by default none. */
  readonly trustedProxies?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
