import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import { MODEL_UNLOADABLE } from '../errors/serving-errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Database } from '../registry/database.ts';
import { acknowledgeRoute, registerGateway, removeGateway, touchGateway } from '../registry/gateways.ts';
import type { GatewayRef } from '../registry/gateways.ts';
import { newestRoutes } from '../registry/routes.ts';
import type { Route } from '../registry/routes.ts';
import { championsToKeepWarm, servableVersions } from '../registry/servable-versions.ts';
import { recallRoutes, rememberRoutes } from './route-memory.ts';
import type { RememberedRoute } from './route-memory.ts';
import { RoutesListener } from './routes-listener.ts';
import type { VersionLoader } from './version-loader.ts';

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
 */
export class RouteFollower {
  readonly #options: RouteFollowerOptions;
  readonly #obeyed = new Map<string, RememberedRoute>();
  readonly #acknowledged = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  readonly #warmed = new Map<string, number>();
  readonly #listener: RoutesListener;
  #registered = false;
  #pass: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #settled = false;

  constructor(options: RouteFollowerOptions) {
    this.#options = options;
    this.#listener = new RoutesListener(options.db, () => void this.refresh(), options.logger);
  }

  /** Whether the routes have been read at least once, from PostgreSQL or from the last run. */
  get settled(): boolean {
    return this.#settled;
  }

  routeOf(model: string): Route | undefined {
    return this.#obeyed.get(model)?.route;
  }

  routes(): readonly Route[] {
    return [...this.#obeyed.values()].map((remembered) => remembered.route);
  }

  /** Resolves after the routes have been read once, whether that worked or not. */
  async start(): Promise<void> {
    for (const remembered of await recallRoutes(this.#options.memoryPath)) await this.#recall(remembered);
    this.#listener.start();
    this.#timer = setInterval(() => void this.refresh(), this.#options.rereadMs);
    this.#timer.unref();
    await this.refresh();
  }

  /** Stops following. Nobody waits for this gateway any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#listener.stop();
    await this.#pass;
    await removeGateway(this.#options.db, this.#options).catch((error: unknown) =>
      this.#options.logger.warn({ err: error }, 'could not deregister'),
    );
  }

  /** Reads the routes and obeys them; calls that come meanwhile lead to one more pass. */
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
    if (!this.#registered || !(await touchGateway(db, this.#options))) {
      await registerGateway(db, this.#options);
      this.#acknowledged.clear();
      this.#refused.clear();
      this.#registered = true;
    }
    let changed = false;
    for (const route of await newestRoutes(db, environment)) changed = (await this.#follow(route)) || changed;
    this.#settled = true;
    if (!changed) return;
    await rememberRoutes(this.#options.memoryPath, [...this.#obeyed.values()]);
    await this.#options.loader.prune();
  }

  /** @returns whether the gateway obeys another generation than before */
  async #follow(route: Route): Promise<boolean> {
    const { model, generation } = route;
    if (this.#obeyed.get(model)?.route.generation === generation) {
      await this.#acknowledge(route, null);
      // A route of the last run was taken up with its own versions alone.
      if (this.#warmed.get(model) !== generation) await this.#keepWarm(route);
      return false;
    }
    if (this.#refused.get(model) === generation) return false;
    try {
      await this.#switch(route);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!isPerennialError(error) || error.retry === 'later') {
        this.#options.logger.warn({ err: error, model, generation }, 'the route waits for a dependency');
        return false;
      }
      this.#options.logger.error(
        { err: error, model, generation },
        'the route is refused; the one before stays',
      );
      this.#refused.set(model, generation);
      await this.#acknowledge(route, `${error.code}: ${reason}`);
      return false;
    }
    await this.#acknowledge(route, null);
    await this.#keepWarm(route);
    return true;
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
    logger.info(
      { model: route.model, generation: route.generation, weights: route.weights },
      'obeying a new route',
    );
  }

  async #acknowledge(route: Route, error: string | null): Promise<void> {
    if (error === null && this.#acknowledged.get(route.model) === route.generation) return;
    await acknowledgeRoute(this.#options.db, this.#options, route.model, route.generation, error);
    if (error === null) this.#acknowledged.set(route.model, route.generation);
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
    if (route.environment !== environment) return;
    try {
      for (const version of versions) await loader.load(version);
      this.#obeyed.set(route.model, remembered);
      this.#settled = true;
    } catch (error) {
      logger.warn({ err: error, model: route.model }, 'the route of the last run cannot be taken up again');
    }
  }
}
