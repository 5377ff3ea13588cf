import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publishBadBatch } from '../../../examples/plantly/simulator/application-log.ts';
import { VIRAL_PLANT_ID } from '../../../examples/plantly/simulator/catalogue.ts';
import { createRandom } from '../../../examples/plantly/simulator/random.ts';
import { runShoppers } from '../../../examples/plantly/simulator/run-shoppers.ts';
import { seedHistory } from '../../../examples/plantly/simulator/seed-history.ts';
import { FeedbackRequest, RankRequest } from '../../../src/contracts/serving.ts';
import { freshDatabase } from '../infrastructure.ts';

const SEED = 8;
const BASE_TIME = new Date('2026-11-01T00:00:00Z');
const VISITS = 800;

/** A gateway with the real one's interface that fails a third of all calls, half of them after the work. */
class FlakyGateway {
  readonly requestIds = new Set<string>();
  readonly outcomes = new Map<string, number>();
  readonly #server: Server;
  #failures = 0;

  constructor() {
    const random = createRandom('flaky');
    this.#server = createServer((request, response) => {
      void this.#body(request).then((body) => {
        const answer = request.url?.endsWith('/rank') ? this.#rank(body) : this.#feedback(body);
        if (random.chance(1 / 3)) {
          this.#failures++;
          // Either the answer is lost on its way back, or it is an error.
          if (random.chance(0.5)) request.socket.destroy();
          else response.writeHead(503).end('{}');
        } else response.writeHead(200).end(JSON.stringify(answer));
      });
    });
  }

  get failures(): number {
    return this.#failures;
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #body(request: IncomingMessage): Promise<unknown> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return JSON.parse(Buffer.concat(chunks).toString());
  }

  #rank(body: unknown): unknown {
    const { requestId, candidates, k = 10 } = RankRequest.parse(body);
    this.requestIds.add(requestId);
    const items = candidates
      .slice(0, k)
      .map((candidate, i) => ({ candidate, score: 1 - i / 100, rank: i + 1 }));
    return { requestId, model: 'plant-recommender', version: 1, generation: 1, items };
  }

  #feedback(body: unknown): unknown {
    const { events } = FeedbackRequest.parse(body);
    for (const event of events) this.outcomes.set(event.eventId, event.value);
    return { accepted: events.length };
  }
}

let folder: string;
let databaseUrl: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plantly-shop-'));
  databaseUrl = await freshDatabase();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function logLines(log: string): Promise<Record<string, unknown>[]> {
  const files = await readdir(join(folder, log));
  expect(files.filter((file) => !file.endsWith('.ndjson'))).toEqual([]);
  const texts = await Promise.all(files.sort().map((file) => readFile(join(folder, log, file), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
}

async function query<T>(sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}

const seed = () =>
  seedHistory({ databaseUrl, logDirectory: folder, seed: SEED, baseTime: BASE_TIME, visits: VISITS });

describe('the history of the shop', () => {
  it('is written once, however often it is seeded', async () => {
    const first = await seed();
    const before = [await logLines('impressions'), await query('SELECT * FROM orders ORDER BY order_no')];
    expect(await seed()).toEqual(first);
    expect([await logLines('impressions'), await query('SELECT * FROM orders ORDER BY order_no')]).toEqual(
      before,
    );
    expect(before[0]).toHaveLength(first.impressions);
    expect(before[1]).toHaveLength(first.orders);
  });

  it('lies whole before its base time, each order after its click and each click after its showing', async () => {
    await seed();
    const shown = new Map(
      (await logLines('impressions')).map((line) => [line['impression_id'], String(line['shown_at'])]),
    );
    const clicked = new Map(
      (await logLines('clicks')).map((line) => [line['impression_id'], String(line['clicked_at'])]),
    );
    const orders = await query<{ impression_id: string; ordered_at: Date }>('SELECT * FROM orders');
    for (const [id, at] of clicked) expect(at > shown.get(id)!).toBe(true);
    for (const order of orders) {
      expect(order.ordered_at.toISOString() > clicked.get(order.impression_id)!).toBe(true);
      expect(order.ordered_at < BASE_TIME).toBe(true);
    }
  });

  it('has a bad batch to offer that is wrong in three ways', async () => {
    await publishBadBatch(folder, BASE_TIME.getTime());
    const lines = await logLines('impressions');
    expect(lines.filter((line) => Number(line['price_shown']) < 0)).toHaveLength(15);
    expect(lines.filter((line) => line['customer_id'] === null)).toHaveLength(15);
    expect(lines.filter((line) => typeof line['position'] === 'string')).toHaveLength(15);
  });
});

describe('live shoppers', () => {
  it(
    'lose and double nothing while gateway and database fail, and sell no plant that is not there',
    { timeout: 300_000 },
    async () => {
      await seed();
      const historyOrders = (await query('SELECT 1 FROM orders')).length;
      const historyImpressions = (await logLines('impressions')).length;
      const gateway = new FlakyGateway();
      const ledgerFile = join(folder, 'ledger.ndjson');
      const shoppers = await runShoppers({
        gatewayUrl: await gateway.open(),
        databaseUrl,
        logDirectory: folder,
        ledgerFile,
        seed: SEED,
        historyEnd: BASE_TIME,
        ratePerSecond: 20,
        runId: 'test',
      });
      shoppers.pandemic();
      await expect
        .poll(
          async () => {
            await query(
              `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'plantly-shop'`,
            );
            return shoppers.soldOut() && shoppers.totals.ranked > 150;
          },
          { timeout: 120_000, interval: 500 },
        )
        .toBe(true);
      const totals = await shoppers.stop();
      await gateway.close();

      expect(gateway.failures).toBeGreaterThan(20);
      expect(totals.retries).toBeGreaterThan(20);
      expect(totals).toMatchObject({ unsettled: 0, refused: 0 });
      const text = await readFile(ledgerFile, 'utf8');
      const entries = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, never>);
      const ranked = entries.filter((entry) => entry['kind'] === 'ranked');
      expect(entries).toHaveLength(totals.visits);
      expect(new Set(ranked.map((entry) => entry['requestId']))).toEqual(gateway.requestIds);
      expect(gateway.outcomes.size).toBe(totals.feedback);
      expect([...gateway.outcomes.values()].reduce((sum, value) => sum + value, 0)).toBe(totals.converted);

      const impressions = (await logLines('impressions')).map((line) => line['impression_id']);
      expect(new Set(impressions).size).toBe(impressions.length);
      expect(impressions).toHaveLength(historyImpressions + totals.impressions);
      expect((await query('SELECT 1 FROM orders')).length).toBe(historyOrders + totals.orders);
      const [inventory] = await query<{ units: number }>(
        `SELECT units FROM inventory WHERE plant_id = '${VIRAL_PLANT_ID}'`,
      );
      expect(inventory?.units).toBe(0);
    },
  );
});
