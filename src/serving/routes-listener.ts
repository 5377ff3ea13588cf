import type { Logger } from '../platform/logger.ts';
import type { Database, Transaction } from '../registry/database.ts';
import { ROUTES_CHANNEL } from '../registry/routes.ts';

const RECONNECT_MS = 500;

/** Holds one connection that PostgreSQL tells of new routes. After a loss it connects again, and then counts as told. */
export class RoutesListener {
  readonly #db: Database;
  readonly #onRoutes: () => void;
  readonly #logger: Logger;
  #connection: Transaction | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(db: Database, onRoutes: () => void, logger: Logger) {
    this.#db = db;
    this.#onRoutes = onRoutes;
    this.#logger = logger;
  }

  start(): void {
    void this.#connect();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    connection.removeAllListeners('notification');
    await connection.query('UNLISTEN *').catch(() => undefined);
    connection.release(true);
  }

  async #connect(): Promise<void> {
    let connection: Transaction | undefined;
    try {
      connection = await this.#db.connect();
      const held = connection;
      // A lost connection may report more than one error; only the first is news.
      held.on('error', () => this.#lost(held));
      held.on('notification', this.#onRoutes);
      await held.query(`LISTEN ${ROUTES_CHANNEL}`);
      this.#connection = held;
      if (this.#stopped) return await this.stop();
      // What was told while nobody listened.
      this.#onRoutes();
    } catch (error) {
      connection?.release(true);
      this.#logger.debug({ err: error }, 'not listening for routes yet');
      this.#later();
    }
  }

  #lost(connection: Transaction): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    connection.removeListener('notification', this.#onRoutes);
    connection.release(true);
    this.#later();
  }

  #later(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#connect(), RECONNECT_MS);
    this.#timer.unref();
  }
}
