import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Serving } from '../../../src/contracts/spec/operation.ts';
import { duckdb } from '../../../src/platform/duckdb-driver.ts';
import { liveOutcome } from '../../../src/monitoring/live-traffic.ts';
import { measureArm } from '../../../src/serving/measure-rollout.ts';
import type { PredictionLogView } from '../../../src/serving/prediction-log.ts';

const HOUR = 3_600_000;
const NOW = 100 * HOUR;
const { outcomes: declared } = Serving.parse({
  outcomes: {
    bought: { description: 'd', type: 'boolean' },
    returned: { description: 'd', type: 'boolean', delay: '2h' },
    spent: { description: 'd', type: 'number' },
  },
});

/** A request of one user, so many milliseconds old, and what its feedback said. */
type Row = readonly [user: string | null, ageMs: number, outcomes: Readonly<Record<string, number>>];

let connection: Awaited<ReturnType<Awaited<ReturnType<typeof duckdb.DuckDBInstance.create>>['connect']>>;
beforeAll(async () => {
  connection = await (await duckdb.DuckDBInstance.create(':memory:')).connect();
});
afterAll(() => {
  connection.closeSync();
});

async function logOf(rows: readonly Row[]): Promise<PredictionLogView> {
  await connection.run(
    `CREATE OR REPLACE TABLE requests (request_id VARCHAR, "at" BIGINT, version INT, generation INT, arm VARCHAR,
       error VARCHAR, latency_ms DOUBLE, split_key VARCHAR);
     CREATE OR REPLACE TABLE outcomes (request_id VARCHAR, name VARCHAR, value DOUBLE)`,
  );
  for (const [i, [user, age, outcomes]] of rows.entries()) {
    const id = `r${String(i)}`;
    const key = user === null ? 'NULL' : `'${user}'`;
    await connection.run(
      `INSERT INTO requests VALUES ('${id}', ${String(NOW - age)}, 2, 5, 'challenger', NULL, 3, ${key})`,
    );
    for (const [name, value] of Object.entries(outcomes))
      await connection.run(`INSERT INTO outcomes VALUES ('${id}', '${name}', ${String(value)})`);
  }
  return {
    async query<R extends object>(sql: string, parameters?: Record<string, string | number>) {
      const found = (await connection.runAndReadAll(sql, parameters)).getRowObjectsJS();
      return found.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [
            name,
            typeof value === 'bigint' ? Number(value) : value,
          ]),
        ),
      ) as R[];
    },
    close: () => undefined,
  };
}

async function measure(rows: readonly Row[]) {
  const arm = { version: 2, generation: 5, role: 'live', outcomes: declared, measuredAt: NOW } as const;
  return (await measureArm(await logOf(rows), arm)).outcomes;
}

describe('the outcomes of an arm', () => {
  it('are of requests for which they have had their time', async () => {
    // Whoever sends a thing back says so at once; that nobody did is known after two hours.
    const rows: Row[] = [
      ['a', HOUR, { returned: 1, bought: 1 }],
      ['b', HOUR, { returned: 1 }],
      ['c', 2 * HOUR, { returned: 1, bought: 0 }],
      ['d', 3 * HOUR, { returned: 0 }],
    ];
    expect(await measure(rows)).toEqual({
      bought: { count: 2, sum: 1, designEffect: 1 },
      returned: { count: 2, sum: 1, designEffect: 1 },
    });
  });

  it('know how much alike the requests of one user are', async () => {
    const of = (user: string, yes: number, no: number): Row[] =>
      Array.from({ length: yes + no }, (_, i) => [user, HOUR, { bought: i < yes ? 1 : 0 }]);
    // Residuals 2, -2 and 0 of a rate of one half: 3/2 · 8 over 10 · 1/4.
    const found = await measure([...of('a', 4, 0), ...of('b', 0, 4), ...of('c', 1, 1)]);
    expect(found['bought']).toMatchObject({ count: 10, sum: 5 });
    expect(found['bought']?.designEffect).toBeCloseTo(4.8, 12);
    expect((await measure(of('a', 3, 4)))['bought']).toEqual({ count: 7, sum: 3, designEffect: 7 });
    // Less unlike than chance is no more than independent.
    const even = await measure([...of('a', 1, 1), ...of('b', 1, 1), ...of('c', 1, 1)]);
    expect(even['bought']).toEqual({ count: 6, sum: 3, designEffect: 1 });
    expect((await measure(of('a', 0, 5)))['bought']).toEqual({ count: 5, sum: 0, designEffect: 5 });
  });

  it('are the same to a monitor', async () => {
    const rows: Row[] = [
      ...Array.from({ length: 4 }, (): Row => ['a', HOUR, { bought: 1, spent: 3 }]),
      ...Array.from({ length: 4 }, (): Row => ['b', HOUR, { bought: 0, spent: 1 }]),
      ['c', HOUR, { bought: 1 }],
      ['c', HOUR, { bought: 0, spent: 4 }],
    ];
    const log = await logOf(rows);
    const bought = await liveOutcome(log, 2, 'bought', 'boolean');
    expect(bought).toEqual({ ...(await measure(rows))['bought'], sumSquares: 5 });
    expect(bought.designEffect).toBeCloseTo(4.8, 12);
    const spent = await liveOutcome(log, 2, 'spent', 'number');
    expect(spent).toEqual({ ...(await measure(rows))['spent'], count: 9, sum: 20, sumSquares: 56 });
    // Residuals 28/9, -44/9 and 16/9 of a mean of 20/9: 3/2 · 2976/81 over 56 - 400/9.
    expect(spent.designEffect).toBeCloseTo((1.5 * 2976) / 81 / (56 - 400 / 9), 12);
    expect(await liveOutcome(log, 2, 'kept', 'boolean')).toEqual({ count: 0, sum: 0, sumSquares: 0 });
  });

  it('are independent where requests have no user, and sums where they are numbers', async () => {
    const rows: Row[] = [
      [null, HOUR, { bought: 1, spent: 20 }],
      [null, HOUR, { bought: 0, spent: 5 }],
    ];
    expect(await measure(rows)).toEqual({
      bought: { count: 2, sum: 1, designEffect: 1 },
      spent: { count: 2, sum: 25, designEffect: 1 },
    });
    expect(await measure([])).toEqual({});
  });
});
