import pg from 'pg';
import { VIRAL_PLANT_ID } from './catalogue.ts';
import type { Order } from './shop-events.ts';
import type { World } from './world.ts';

/** Units of the viral plant that exist when the pandemic begins. Nobody can deliver more. */
const VIRAL_UNITS = 80;
const CONNECT_TIMEOUT_MS = 3000;
const QUERY_TIMEOUT_MS = 5000;

const TABLES = `
CREATE TABLE IF NOT EXISTS customers (
  customer_id text PRIMARY KEY,
  region text NOT NULL,
  age integer NOT NULL,
  age_band text NOT NULL,
  experience double precision NOT NULL,
  home_light double precision NOT NULL,
  signed_up_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS plants (
  plant_id text PRIMARY KEY,
  name text NOT NULL,
  category text NOT NULL,
  price double precision NOT NULL,
  difficulty double precision NOT NULL,
  light_need double precision NOT NULL,
  invasive_in text[] NOT NULL,
  listed_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS orders (
  order_id text PRIMARY KEY,
  order_no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  impression_id text NOT NULL UNIQUE,
  customer_id text NOT NULL REFERENCES customers,
  plant_id text NOT NULL REFERENCES plants,
  quantity integer NOT NULL CHECK (quantity > 0),
  amount double precision NOT NULL,
  ordered_at timestamptz NOT NULL
);
-- Only plants that nobody can deliver more of have a row.
CREATE TABLE IF NOT EXISTS inventory (
  plant_id text PRIMARY KEY REFERENCES plants,
  units integer NOT NULL CHECK (units >= 0)
);`;

// Repeating it changes nothing: only orders that are new are counted off the inventory.
const INSERT_ORDERS = `
WITH sold AS (
  INSERT INTO orders (order_id, impression_id, customer_id, plant_id, quantity, amount, ordered_at)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::float8[], $7::timestamptz[])
  ON CONFLICT (order_id) DO NOTHING
  RETURNING plant_id, quantity
)
UPDATE inventory SET units = units - sums.quantity
FROM (SELECT plant_id, sum(quantity)::integer AS quantity FROM sold GROUP BY plant_id) sums
WHERE inventory.plant_id = sums.plant_id`;

/** The shop's PostgreSQL. One connection writes, so `order_no` grows in the order of commits. */
export class ShopDatabase {
  readonly #pool: pg.Pool;

  constructor(databaseUrl: string) {
    this.#pool = new pg.Pool({
      connectionString: databaseUrl,
      max: 1,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      application_name: 'plantly-shop',
    });
    // A server that restarts breaks the idle connection; the next query opens a new one.
    this.#pool.on('error', () => undefined);
  }

  async createTables(): Promise<void> {
    await this.#pool.query(TABLES);
  }

  /** The catalogue as of `since`, and the customers, who signed up one a minute until then. */
  async insertWorld(world: World, since: Date): Promise<void> {
    const { customers, plants } = world;
    await this.#pool.query(
      `INSERT INTO customers (customer_id, region, age, age_band, experience, home_light, signed_up_at)
       SELECT customer_id, region, age, age_band, experience, home_light, $7::timestamptz - (n - 1) * INTERVAL '1 minute'
       FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::float8[], $6::float8[]) WITH ORDINALITY
         AS signed_up (customer_id, region, age, age_band, experience, home_light, n)
       ON CONFLICT DO NOTHING`,
      [
        customers.map((customer) => customer.customerId),
        customers.map((customer) => customer.region),
        customers.map((customer) => customer.age),
        customers.map((customer) => customer.ageBand),
        customers.map((customer) => customer.experience),
        customers.map((customer) => customer.homeLight),
        since,
      ],
    );
    for (const plant of plants) {
      await this.#pool.query(
        'INSERT INTO plants VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING',
        [
          plant.plantId,
          plant.name,
          plant.category,
          plant.price,
          plant.difficulty,
          plant.lightNeed,
          plant.invasiveIn,
          since,
        ],
      );
    }
  }

  /** What can't be delivered anew is counted from now on. */
  async countInventory(): Promise<void> {
    await this.#pool.query('INSERT INTO inventory VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      VIRAL_PLANT_ID,
      VIRAL_UNITS,
    ]);
  }

  /** Units left by plant, of the plants that are counted. */
  async readInventory(): Promise<Map<string, number>> {
    const { rows } = await this.#pool.query<{ plant_id: string; units: number }>('SELECT * FROM inventory');
    return new Map(rows.map((row) => [row.plant_id, row.units]));
  }

  /** Atomic and harmless to repeat. */
  async insertOrders(orders: readonly Order[]): Promise<void> {
    await this.#pool.query(INSERT_ORDERS, [
      orders.map((order) => order.orderId),
      orders.map((order) => order.impressionId),
      orders.map((order) => order.customerId),
      orders.map((order) => order.plantId),
      orders.map((order) => order.quantity),
      orders.map((order) => order.amount),
      orders.map((order) => new Date(order.orderedAtMs)),
    ]);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
