import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DriftReport } from '../../../src/contracts/reports/drift-report.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import { productRoot } from '../../../src/embedded/binaries.ts';
import { pythonWith, runPeer } from './python-peer.ts';

const MILLION = 1_000_000;
const COLUMNS = 20;
const GOAL_SPEED = 20;
const GOAL_MEMORY = 1 / 5;
const MAX_MB = 1024;
const MINUTE_MS = 60_000;
/** Prints what the process used when it ends. */
const USED =
  'data:text/javascript,process.on("exit",()=>process.stderr.write(`used ${JSON.stringify(process.resourceUsage())}`))';

interface Used {
  readonly seconds: number;
  /** Of all cores together: what a machine that does other things can't lengthen much. */
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

interface Peer extends Used {
  readonly version: string;
  readonly columns: number;
}

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'perennial-bench-drift-'))));
afterAll(() => rmSync(directory, { recursive: true }));

/** Normal, lognormal and integer columns and categories of 3 to 1000 values; three of them drift. */
async function write(name: string, rows: number, drifts: boolean): Promise<string> {
  const normal = 'sqrt(-2 * ln(random() + 1e-12)) * cos(2 * pi() * random())';
  const shift = drifts ? 1 : 0;
  const numbers = Array.from({ length: 14 }, (_, k) => {
    if (k % 3 === 0) return `${String(k % 12 === 0 ? 0.2 * shift : 0)} + ${normal} AS n${String(k)}`;
    return k % 3 === 1
      ? `exp(${normal}) AS n${String(k)}`
      : `floor(random() * ${String(50 + k)})::INTEGER AS n${String(k)}`;
  });
  const categories = [5, 20, 50, 200, 1000, 3].map(
    (size, k) =>
      `'v' || floor(pow(random(), ${String(1 + (k === 0 ? 0.5 * shift : 0))}) * ${String(size)})::INTEGER AS c${String(k)}`,
  );
  const path = join(directory, `${name}.parquet`);
  await withDuckDb({ directory }, (session) =>
    session.run(
      `COPY (SELECT ${[...numbers, ...categories].join(', ')} FROM range(${String(rows)})) TO '${path}' (FORMAT parquet)`,
    ),
  );
  return path;
}

/** The whole command, from its start to its end. */
function ours(paths: readonly string[]): Used & { readonly report: DriftReport } {
  const started = performance.now();
  const program = join(productRoot(), 'dist', 'src', 'cli', 'main.js');
  const run = spawnSync(process.execPath, ['--import', USED, program, 'drift', ...paths, '--json'], {
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  });
  const seconds = (performance.now() - started) / 1000;
  const used = JSON.parse(/used (.*)/.exec(run.stderr)?.[1] ?? '') as NodeJS.ResourceUsage;
  return {
    seconds,
    cpuSeconds: (used.userCPUTime + used.systemCPUTime) / 1e6,
    peakMb: used.maxRSS / 1024,
    report: DriftReport.parse(JSON.parse(run.stdout)),
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

const shown = (what: string, { seconds, cpuSeconds, peakMb }: Used): string =>
  `  ${what.padEnd(24)} ${seconds.toFixed(1).padStart(7)} s  ${cpuSeconds.toFixed(1).padStart(7)} s of CPU  ${peakMb.toFixed(0).padStart(6)} MB at most`;

describe('drift', () => {
  it(
    'over a million rows and twenty columns on each side, beside Evidently',
    async () => {
      const python = pythonWith('evidently', ['evidently==0.7.23', 'pandas<3', 'pyarrow==21.0.0']);
      const paths = [await write('reference', MILLION, false), await write('current', MILLION, true)];
      const program = new URL('evidently_peer.py', import.meta.url).pathname;
      // The peer's minutes see a busy machine as it is on average, our seconds as it is by chance: so some on both sides.
      const before = [ours(paths), ours(paths)];
      const peer = runPeer<Peer>(python, program, paths);
      const runs = [...before, ours(paths), ours(paths), ours(paths)];
      const own = {
        report: runs[0]!.report,
        seconds: median(runs.map(({ seconds }) => seconds)),
        cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
        peakMb: Math.max(...runs.map(({ peakMb }) => peakMb)),
      };
      const [speed, memory] = [peer.seconds / own.seconds, own.peakMb / peer.peakMb];
      console.log(
        [
          `drift of 2 × ${String(MILLION)} rows × ${String(COLUMNS)} columns, whole processes:`,
          shown(`Evidently ${peer.version}`, peer),
          shown(`Perennial, median of ${String(runs.length)}`, own),
          `  ${speed.toFixed(1)} times as fast (by CPU ${(peer.cpuSeconds / own.cpuSeconds).toFixed(1)}), ${memory.toFixed(2)} of the memory`,
        ].join('\n'),
      );
      expect(own.report.columns).toHaveLength(COLUMNS);
      expect(peer.columns).toBe(COLUMNS);
      const drifted = own.report.columns.filter(({ verdict }) => verdict === 'drifted');
      expect(drifted.map(({ name }) => name)).toEqual(['n0', 'n12', 'c0']);
      expect(speed).toBeGreaterThanOrEqual(GOAL_SPEED);
      expect(memory).toBeLessThanOrEqual(GOAL_MEMORY);
    },
    20 * MINUTE_MS,
  );

  it(
    'over ten million rows stays below a GiB and takes ten times as long as over one',
    async () => {
      const small = ours([await write('r1', MILLION, false), await write('c1', MILLION, true)]);
      const large = ours([await write('r10', 10 * MILLION, false), await write('c10', 10 * MILLION, true)]);
      console.log(
        [
          `drift × ${String(COLUMNS)} columns:`,
          shown('2 × 1 million rows', small),
          shown('2 × 10 million rows', large),
        ].join('\n'),
      );
      expect(large.peakMb).toBeLessThanOrEqual(MAX_MB);
      // Linear, by CPU, because a machine that does other things lengthens the longer run more.
      expect(large.cpuSeconds / small.cpuSeconds).toBeLessThanOrEqual(12);
    },
    30 * MINUTE_MS,
  );
});
