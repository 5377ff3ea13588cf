import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Expectation } from '../../../src/contracts/spec/expectations.ts';
import { openDataFile } from '../../../src/data/data-file/open-data-file.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import { judgeExpectations } from '../../../src/data/expectations/judge-expectations.ts';
import type { ExpectationResult } from '../../../src/data/expectations/expectation-result.ts';
import { pythonWith, runPeer } from './python-peer.ts';

const ROWS = 1_000_000;
const GOAL = 20;
const RUNS = 3;
const MINUTE_MS = 60_000;

/** The same ten as great_expectations_peer.py, in its order. */
const TEN = [
  { expect: 'not_null', column: 'amount', mostly: 0.9 },
  { expect: 'unique', columns: ['id'] },
  { expect: 'between', column: 'amount', min: 0, max: 1000 },
  { expect: 'in_set', column: 'country', values: ['US', 'DE', 'BR', 'FR'] },
  { expect: 'matches', column: 'code', pattern: '^[A-Z]-[0-9]{4}$' },
  { expect: 'length', column: 'country', min: 2, max: 2 },
  { expect: 'mean', column: 'amount', min: 0, max: 100 },
  { expect: 'stdev', column: 'amount', min: 0, max: 100 },
  {
    expect: 'quantiles',
    column: 'amount',
    quantiles: [
      { at: 0.05, min: 0, max: 20 },
      { at: 0.5, min: 20, max: 80 },
      { at: 0.95, min: 80, max: 120 },
    ],
  },
  { expect: 'compare', column: 'finish', operator: '>=', other: 'start' },
].map((e) => Expectation.parse(e));

interface Peer {
  readonly version: string;
  readonly readSeconds: number;
  readonly validateSeconds: number;
  readonly results: readonly { readonly success: boolean; readonly unexpected: number | null }[];
}

let directory: string;
let path: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'perennial-bench-'));
  path = join(directory, 'rows.parquet');
  await withDuckDb({ directory }, async (session) => {
    await session.run('SELECT setseed(0.42)');
    await session.run(`COPY (
      SELECT range AS id,
        CASE WHEN range % 20 = 0 THEN NULL ELSE random() * 100 END AS amount,
        CASE WHEN range % 1000 = 0 THEN 'XX' ELSE ['US', 'DE', 'BR', 'FR'][1 + range % 4] END AS country,
        CASE WHEN range % 500 = 0 THEN 'bad' ELSE chr((65 + range % 26)::INTEGER) || '-' || lpad((range % 10000)::VARCHAR, 4, '0') END AS code,
        range AS start,
        range + CASE WHEN range % 100 = 0 THEN -1 ELSE 5 END AS finish
      FROM range(${String(ROWS)})) TO '${path}' (FORMAT parquet)`);
  });
}, MINUTE_MS);
afterAll(() => rmSync(directory, { recursive: true }));

/** Seconds from opening the file to the last verdict: reading is part of it. */
async function ours(): Promise<{ seconds: number; results: ExpectationResult[] }> {
  return withDuckDb({ directory }, async (session) => {
    const started = performance.now();
    await openDataFile(session, path, {
      as: 'batch',
      s3: () => {
        throw new Error('the file is local');
      },
    });
    const results = await judgeExpectations(TEN, {
      session,
      source: 'bench',
      batch: 'batch',
      existing: null,
      primaryKey: [],
      viewOf: () => null,
      nowMs: 0,
    });
    return { seconds: (performance.now() - started) / 1000, results };
  });
}

describe('expectations', () => {
  it(
    `judges ten over a million rows at least ${String(GOAL)} times as fast as Great Expectations`,
    async () => {
      const python = pythonWith('great-expectations', ['great_expectations==1.24.1', 'pyarrow==21.0.0']);
      const program = new URL('great_expectations_peer.py', import.meta.url).pathname;
      const peers = Array.from({ length: RUNS }, () => runPeer<Peer>(python, program, [path]));
      const mine = [];
      for (let run = 0; run < RUNS; run += 1) mine.push(await ours());
      const peer = peers.reduce((best, one) => (one.validateSeconds < best.validateSeconds ? one : best));
      const own = mine.reduce((best, one) => (one.seconds < best.seconds ? one : best));
      const ratio = peer.validateSeconds / own.seconds;
      console.log(
        [
          `10 expectations over ${String(ROWS)} rows, best of ${String(RUNS)}:`,
          `  Great Expectations ${peer.version}  ${peer.validateSeconds.toFixed(2)} s, and ${peer.readSeconds.toFixed(2)} s to read the file`,
          `  Perennial                 ${own.seconds.toFixed(3)} s, reading included`,
          `  ratio                     ${ratio.toFixed(1)} (without their reading)`,
        ].join('\n'),
      );
      // A number of its own for each expectation, and the same ones: speed without that would say nothing.
      expect(own.results.map((one) => one.verdict === 'pass')).toEqual(
        peer.results.map((one) => one.success),
      );
      for (const [i, one] of peer.results.entries())
        if (one.unexpected !== null) expect(own.results[i]?.unexpected?.count).toBe(one.unexpected);
      expect(ratio).toBeGreaterThanOrEqual(GOAL);
    },
    15 * MINUTE_MS,
  );
});
