import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { createS3Client } from '../../../src/artifacts/s3-client.ts';
import { EXIT } from '../../../src/cli/exit-codes.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import { quoteValue } from '../../../src/data/sql-text.ts';
import { loadConfig } from '../../../src/platform/config.ts';
import { freshBucket, useInfrastructure } from '../infrastructure.ts';
import { Cli } from './cli-fixture.ts';

const FORMATS = { csv: 'FORMAT csv, HEADER', parquet: 'FORMAT parquet', ndjson: 'FORMAT json' } as const;
type Format = keyof typeof FORMATS;
/** Requests of two versions: the second answers more slowly, and otherwise does as well. */
const SIDES = { first: 0, second: 40 } as const;

let cli: Cli;
let bucket: string;

beforeAll(async () => {
  const { env } = useInfrastructure();
  bucket = await freshBucket();
  // No address of a server and no token: these commands need none.
  cli = new Cli(Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('S3_'))));
  const s3 = createS3Client(loadConfig(env).s3);
  await withDuckDb({ directory: cli.folder }, async (session) => {
    for (const [side, slower] of Object.entries(SIDES))
      for (const [format, how] of Object.entries(FORMATS)) {
        const path = join(cli.folder, `${side}.${format}`);
        await session.run(
          `COPY (SELECT range AS id, (range * 7919) % 10 < 3 AS bought, ((range * 7919) % 10) / 10.0 AS score,
             100 + ${String(slower)} + (range * 31) % 17 AS latency_ms, 'user' || range || '@example.com' AS mail
           FROM range(3000)) TO ${quoteValue(path)} (${how})`,
        );
        const Body = readFileSync(path);
        await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `in/${side}.${format}`, Body }));
      }
  });
  s3.destroy();
});

interface Case {
  /** After the command's name; FIRST and SECOND are the addresses. */
  readonly args: string;
  readonly code: number;
  readonly found: (report: Record<string, unknown>) => unknown;
  readonly wanted: unknown;
}

const CASES: Readonly<Record<string, Case>> = {
  drift: {
    args: 'drift FIRST SECOND --columns latency_ms,score',
    code: EXIT.breach,
    found: ({ columns }) => (columns as { name: string; verdict: string }[]).map((c) => [c.name, c.verdict]),
    wanted: [
      ['latency_ms', 'drifted'],
      ['score', 'stable'],
    ],
  },
  evaluate: {
    args: 'evaluate FIRST --label bought --score score --threshold auc>=0.9',
    code: EXIT.breach,
    found: ({ predictions, verdict }) => [predictions, verdict],
    wanted: [{ rows: 3000, used: 3000 }, { kind: 'fail' }],
  },
  canary: {
    args: 'canary FIRST SECOND --metric bought --metric latency_ms --split 50:50',
    code: EXIT.breach,
    found: ({ metrics }) =>
      (metrics as { metric: string; verdict: { kind: string } }[]).map((m) => [m.metric, m.verdict.kind]),
    wanted: [
      ['bought', 'pass'],
      ['latency_ms', 'fail'],
    ],
  },
  check: {
    args: 'check FIRST',
    code: EXIT.ok,
    found: ({ data, verdict }) => [data, verdict],
    wanted: [{ rows: 3000, files: 1 }, 'pass'],
  },
  scan: {
    args: 'scan FIRST',
    code: EXIT.breach,
    found: ({ columns }) =>
      (columns as { name: string; verdict: string }[]).filter((c) => c.verdict === 'pii').map((c) => c.name),
    wanted: ['mail'],
  },
};

const run = (args: string, format: string) =>
  cli.run([
    ...args
      .replace('FIRST', `s3://${bucket}/in/first.${format}`)
      .replace('SECOND', `s3://${bucket}/in/second.${format}`)
      .split(' '),
    '--json',
  ]);

describe.each(Object.entries(CASES))('%s of objects in S3', (command, { args, code, found, wanted }) => {
  it.each(Object.keys(FORMATS) as Format[])(
    'reads %s, and judges it as it judges the same file on disk',
    async (format) => {
      const remote = await run(args, format);
      expect(remote).toMatchObject({ code, stderr: '' });
      const report = JSON.parse(remote.stdout) as Record<string, unknown>;
      expect(found(report)).toMatchObject(wanted as object);
      const local = await cli.run([
        ...args.replace('FIRST', `first.${format}`).replace('SECOND', `second.${format}`).split(' '),
        '--json',
      ]);
      const addresses = new RegExp(`s3://${bucket}/in/`, 'g');
      expect(remote.stdout.replaceAll(addresses, '')).toBe(local.stdout);
    },
  );

  it('says which object is not there', async () => {
    const missing = await run(args.replace('FIRST', `s3://${bucket}/in/gone.${command}`), 'csv');
    expect(missing).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(missing.stderr).toContain('"code":"DATA_FILE_NOT_FOUND"');
    expect(missing.stderr).toContain(`s3://${bucket}/in/gone.${command}`);
  });
});
