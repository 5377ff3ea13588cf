import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import { GATEWAY_ID_TAKEN, MODEL_UNLOADABLE } from '../errors/serving-errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Database } from '../registry/database.ts';
import { acknowledgeRoute, registerGateway, removeGateway, touchGateway } from '../registry/gateways.ts';
import type { GatewayRef, GatewayRegistration } from '../registry/gateways.ts';
import { newestGenerations, newestRoutes } from '../registry/routes.ts';
import type { Route } from '../registry/routes.ts';
import { championsToKeepWarm, servableVersions } from '../registry/servable-versions.ts';
import { NewestLanes } from './newest-lanes.ts';
import { RouteInquiry } from './route-inquiry.ts';
import { isDated, recallRoutes, rememberRoutes } from './route-memory.ts';
import type { RememberedRoute } from './route-memory.ts';
import { RoutesListener } from './routes-listener.ts';
import type { VersionLoader } from './version-loader.ts';

/** Each holds a connection at times, and a model's file on its way. */
const MODELS_AT_ONCE = 8;

export interface RouteFollowerOptions extends GatewayRef {
  readonly url: string;
  readonly db: Database;
  readonly loader: VersionLoader;
  readonly memoryPath: string;
  /** How often the routes are read without being told, and the gateway says that it lives. */
  readonly rereadMs: number;
  readonly logger: Logger;
}

/**
 * Obeys the newest generation of each model's route: all its versions are loaded before it switches, and until then
 * (or when one cannot be loaded) the route before stays. Without PostgreSQL the last route stays, also across a start.
 * A pass reads the routes and waits for no model: a slow one holds up neither the others nor the sign of life.
 */
export class RouteFollower {
  readonly #options: RouteFollowerOptions;
  readonly #obeyed = new Map<string, RememberedRoute>();
  readonly #acknowledged = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  /** Of each model the generation for which all is loaded that is to be. */
  readonly #warmed = new Map<string, number>();
  /** Of each model the newest generation, as PostgreSQL has told it; null until it has. */
  #newest: ReadonlyMap<string, number> | null = null;
  readonly #listener: RoutesListener;
  readonly #lanes: NewestLanes<Route>;
  readonly #inquiry: RouteInquiry;
  /** What it says of its routes belongs to one registration. */
  #registration: GatewayRegistration | null = null;
  #displaced = false;
  /** Whether it obeys what is not written down yet. */
  #changed = false;
  #pass: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #settled = false;

  constructor(options: RouteFollowerOptions) {
    this.#options = options;
    this.#listener = new RoutesListener(options.db, () => void this.refresh(), options.logger);
    this.#lanes = new NewestLanes(
      (route) => this.#follow(route),
      MODELS_AT_ONCE,
      () => this.#onFollowed(),
    );
    this.#inquiry = new RouteInquiry((models) => newestGenerations(options.db, options.environment, models));
  }

  /**
   * Whether all routes have been followed at least once, as far as they can be, from PostgreSQL or the last run, and
   * rollouts count with this process: no other has taken its id.
   */
  get ready(): boolean {
    return this.#settled && !this.#displaced;
  }

  routeOf(model: string): Route | undefined {
    return this.#obeyed.get(model)?.route;
  }

  /**
   * Whether more of the model may come to be served without a new route: its newest one is being taken up or waits for
   * a dependency, PostgreSQL has one that was not heard of yet, or nobody says whether it has.
   */
  async awaits(model: string): Promise<boolean> {
    if (this.#takesUp(model)) return true;
    const newer = await this.#inquiry.mayHaveNewer(model, this.#newest?.get(model) ?? 0);
    if (newer) void this.refresh();
    return newer || this.#takesUp(model);
  }

  #takesUp(model: string): boolean {
    if (this.#newest === null) return true;
    const newest = this.#newest.get(model);
    return newest !== undefined && ![this.#warmed.get(model), this.#refused.get(model)].includes(newest);
  }

  routes(): readonly Route[] {
    return [...this.#obeyed.values()].map((remembered) => remembered.route);
  }

  /** Resolves after the routes have been read and followed once, whether that worked or not. */
  async start(): Promise<void> {
    const recalls = new NewestLanes<RememberedRoute>(
      (remembered) => this.#recall(remembered),
      MODELS_AT_ONCE,
      () => undefined,
    );
    for (const remembered of await recallRoutes(this.#options.memoryPath))
      recalls.add(remembered.route.model, remembered);
    await recalls.idle();
    if (this.#stopped) return;
    if (this.#obeyed.size > 0) this.#settled = true;
    this.#listener.start();
    this.#timer = setInterval(() => void this.refresh(), this.#options.rereadMs);
    this.#timer.unref();
    await this.refresh();
    await this.#lanes.idle();
  }

  /** Stops following. Nobody waits for this gateway any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#lanes.clear();
    await this.#listener.stop();
    await this.#pass;
    await this.#remember();
    if (this.#registration === null) return;
    await removeGateway(this.#options.db, this.#registration).catch((error: unknown) =>
      this.#options.logger.warn({ err: error }, 'could not deregister'),
    );
  }

  /** Reads the routes and has them followed; calls that come meanwhile lead to one more pass. */
  refresh(): Promise<void> {
    if (this.#pass !== null) {
      this.#again = true;
      return this.#pass;
    }
    this.#pass = this.#passes().finally(() => (this.#pass = null));
    return this.#pass;
  }

  async #passes(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#onePass();
      } catch (error) {
        this.#options.logger.warn({ err: error }, 'routes could not be read; the last ones stay');
      }
    } while (this.#again && !this.#stopped);
  }

  async #onePass(): Promise<void> {
    const { db, environment } = this.#options;
    await this.#announce();
    const routes = await newestRoutes(db, environment);
    this.#newest = new Map(routes.map(({ model, generation }) => [model, generation]));
    if (routes.length === 0) this.#settled = true;
    for (const route of routes) this.#lanes.add(route.model, route);
    await this.#remember();
  }

  /** Says that this process lives. The newest of an id has it; the others get it back when that one is gone. */
  async #announce(): Promise<void> {
    const { db, gatewayId, environment, logger } = this.#options;
    const state = this.#registration === null ? 'absent' : await touchGateway(db, this.#registration);
    if (state === 'taken' && !this.#displaced) {
      const text = `Another gateway of ${environment} has registered as ${gatewayId}; this one is not ready.`;
      logger.error({ err: new PerennialError(GATEWAY_ID_TAKEN, text) }, 'the id is taken');
    }
    this.#displaced = state === 'taken';
    if (state !== 'absent') return;
    const startedAt = await registerGateway(db, this.#options);
    this.#registration = { gatewayId, environment, startedAt };
    this.#acknowledged.clear();
    this.#refused.clear();
  }

  #onFollowed(): void {
    this.#settled = true;
    if (this.#changed && !this.#stopped) void this.refresh();
  }

  /** Writes down what is obeyed, if that is news, and removes the files of what no longer is. */
  async #remember(): Promise<void> {
    if (!this.#changed) return;
    this.#changed = false;
    try {
      await rememberRoutes(this.#options.memoryPath, [...this.#obeyed.values()]);
      await this.#options.loader.prune();
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'the routes could not be written down');
    }
  }

  async #follow(route: Route): Promise<void> {
    try {
      await this.#obey(route);
    } catch (error) {
      this.#options.logger.warn({ err: error, model: route.model }, 'the next pass goes on with the route');
    }
  }

  async #obey(route: Route): Promise<void> {
    const { model, generation } = route;
    const obeyed = this.#obeyed.get(model);
    if (obeyed?.route.generation === generation && !isDated(obeyed)) {
      await this.#acknowledge(route, null);
      // A route of the last run was taken up with its own versions alone.
      if (this.#warmed.get(model) !== generation) await this.#keepWarm(route);
      return;
    }
    if (this.#refused.get(model) === generation) return;
    try {
      await this.#switch(route);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!isPerennialError(error) || error.retry === 'later') {
        this.#options.logger.warn({ err: error, model, generation }, 'the route waits for a dependency');
        return;
      }
      this.#options.logger.error(
        { err: error, model, generation },
        'the route is refused; the one before stays',
      );
      this.#refused.set(model, generation);
      await this.#acknowledge(route, `${error.code}: ${reason}`);
      return;
    }
    await this.#acknowledge(route, null);
    await this.#keepWarm(route);
  }

  async #switch(route: Route): Promise<void> {
    const { db, loader, logger } = this.#options;
    const wanted = [...route.weights.map((share) => share.version), ...route.shadow];
    const versions = await servableVersions(db, route, wanted);
    const missing = wanted.filter((version) => !versions.some((found) => found.version === version));
    if (missing.length > 0)
      throw new PerennialError(
        MODEL_UNLOADABLE,
        `Version ${missing.join(', ')} has no registered model file.`,
      );
    for (const version of versions) await loader.load(version);
    this.#obeyed.set(route.model, { route, versions });
    this.#changed = true;
    logger.info(
      { model: route.model, generation: route.generation, weights: route.weights },
      'obeying a new route',
    );
  }

  async #acknowledge(route: Route, error: string | null): Promise<void> {
    if (error === null && this.#acknowledged.get(route.model) === route.generation) return;
    const registration = this.#registration;
    if (registration === null) return;
    await acknowledgeRoute(this.#options.db, registration, route.model, route.generation, error);
    if (error === null && registration === this.#registration)
      this.#acknowledged.set(route.model, route.generation);
  }

  /**
   * The champion, also while it has no traffic, and earlier ones stay loaded for an instant rollback; everything else is
   * let go. One that fails is no harm.
   */
  async #keepWarm(route: Route): Promise<void> {
    const { db, loader, logger } = this.#options;
    const routed = [...route.weights.map((share) => share.version), ...route.shadow];
    const warm = await championsToKeepWarm(db, route);
    if (route.champion !== null) warm.push(route.champion);
    loader.retain(route.model, new Set([...routed, ...warm]));
    for (const version of await servableVersions(db, route, warm))
      await loader.load(version).catch((error: unknown) => {
        logger.warn(
          { err: error, model: route.model, version: version.version },
          'a champion to keep warm does not load',
        );
      });
    this.#warmed.set(route.model, route.generation);
  }

  async #recall(remembered: RememberedRoute): Promise<void> {
    const { loader, logger, environment } = this.#options;
    const { route, versions } = remembered;
    if (route.environment !== environment || this.#stopped) return;
    try {
      for (const version of versions) await loader.load(version);
      this.#obeyed.set(route.model, remembered);
    } catch (error) {
      logger.warn({ err: error, model: route.model }, 'the route of the last run cannot be taken up again');
    }
  }
}
