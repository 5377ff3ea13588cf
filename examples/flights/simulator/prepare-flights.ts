import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

/** 3 million real US departures of January to June 2001, as the npm package `vega-datasets` carries them. */
const DATA = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')));

export interface Flight {
  readonly flightId: string;
  readonly origin: string;
  readonly destination: string;
  readonly hour: number;
  readonly late: boolean;
}

/** Which flights stay: one in `oneOf`, by a hash of the flight, so that every run has the same ones. */
export interface Sample {
  readonly oneOf: number;
  /** Below `oneOf`; samples that differ in it share no flight. Default 0. */
  readonly remainder?: number;
}

function flightsSql(from: string, until: string, { oneOf, remainder = 0 }: Sample): string {
  return `
    SELECT format('{}-{}-{}-{}', strftime(date, '%m%d%H%M'), origin, destination, row_number() OVER (PARTITION BY date, origin, destination ORDER BY delay)) AS flight_id,
      date AS scheduled_at, delay, distance, origin, destination
    FROM read_parquet('${DATA}')
    WHERE date >= TIMESTAMP '${from}' AND date < TIMESTAMP '${until}'
      AND hash(date, origin, destination) % ${oneOf} = ${remainder}`;
}

async function withDuckDb<T>(
  work: (query: (sql: string) => Promise<Record<string, unknown>[]>) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  try {
    return await work(async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJS());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Lands the flights of [from, until) as one Parquet file, whole or not at all. */
export async function landFlights(
  folder: string,
  from: string,
  until: string,
  sample: Sample,
): Promise<{ readonly file: string; readonly flights: number }> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `flights-${from}.parquet`);
  const copied = await withDuckDb((query) =>
    query(
      `COPY (${flightsSql(from, until, sample)} ORDER BY scheduled_at, flight_id) TO '${file}.part' (FORMAT parquet)`,
    ),
  );
  await rename(`${file}.part`, file);
  return { file, flights: Number(copied[0]?.['Count'] ?? 0) };
}

/** Up to `limit` flights of [from, until), mixed by a hash so that each stretch of them is like the whole. */
export async function readFlights(
  from: string,
  until: string,
  sample: Sample,
  limit: number,
): Promise<Flight[]> {
  const rows = await withDuckDb((query) =>
    query(`SELECT flight_id, origin, destination, hour(scheduled_at) AS hour, delay > 15 AS late
           FROM (${flightsSql(from, until, sample)}) ORDER BY hash(flight_id) LIMIT ${limit}`),
  );
  return rows.map((row) => ({
    flightId: String(row['flight_id']),
    origin: String(row['origin']),
    destination: String(row['destination']),
    hour: Number(row['hour']),
    late: row['late'] === true,
  }));
}
