import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Queryable } from '../../../src/registry/database.ts';
import { recoverSegment } from '../../../src/serving/recover-segment.ts';
import { convertSegment } from '../../../src/serving/segment-parquet.ts';
import { SegmentShipper } from '../../../src/serving/segment-shipper.ts';
import { Spool } from '../../../src/serving/spool.ts';
import type { SpoolRecord } from '../../../src/serving/spool-record.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'spool-'));
const DEAD_PID = 2 ** 22 + 1;

function record(id: string, at = 1000): SpoolRecord {
  return {
    request: {
      request_id: id,
      at,
      model: 'plants',
      version: 1,
      arm: 'champion',
      generation: 1,
      call: 'rank',
      latency_ms: 1.5,
      error: null,
      split_key: 'c1',
      entity: { customer_id: 'c1' },
    },
    items: [{ rank: 1, candidate: { plant_id: 7 }, score: 0.5, features: [1, null] }],
  };
}

function open(
  directory: string,
  options: Partial<{ sealMs: number; sealBytes: number; limitBytes: number }> = {},
): Spool {
  return new Spool({
    directory,
    gatewayId: 'gw-1',
    sealMs: 1000,
    sealBytes: 1e6,
    limitBytes: 1e7,
    ...options,
  });
}

afterEach(() => vi.useRealTimers());

describe('the spool', () => {
  it('has a line on disk when append returns', () => {
    const directory = folder();
    open(directory).append(record('r1'));
    const [name] = readdirSync(directory);
    expect(readFileSync(join(directory, name!), 'utf8')).toBe(`${JSON.stringify(record('r1'))}\n`);
  });

  it('seals by age and by size, and ships nothing that is open', () => {
    const spool = open(folder(), { sealBytes: 10 });
    spool.append(record('r1'));
    expect(spool.sealed()).toHaveLength(1);
    const slow = open(folder());
    const before = performance.now();
    slow.append(record('r1'));
    slow.sealIfDue(before);
    expect(slow.sealed()).toHaveLength(0);
    slow.sealIfDue(performance.now() + 1000);
    expect(slow.sealed()).toHaveLength(1);
  });

  it('seals in its time although the wall clock is set back', () => {
    vi.useFakeTimers({ now: 1e12, toFake: ['Date', 'performance'] });
    const spool = open(folder(), { sealMs: 1000 });
    spool.append(record('r1'));
    vi.setSystemTime(1e12 - 3_600_000);
    vi.advanceTimersByTime(1000);
    spool.sealIfDue(performance.now());
    expect(spool.sealed()).toHaveLength(1);
  });

  it('refuses rather than loses when the limit is reached, and goes on when there is room', () => {
    const spool = open(folder(), { limitBytes: 400 });
    spool.append(record('r1'));
    spool.append(record('r2'));
    expect(() => spool.append(record('r3'))).toThrow(
      expect.objectContaining({ code: 'SPOOL_FULL', status: 503 }),
    );
    spool.seal();
    for (const { path } of spool.sealed()) writeFileSync(path, '');
    spool.recount();
    spool.append(record('r3'));
    expect(spool.bytes).toBeGreaterThan(0);
  });

  it('begins no segment where the disk has no room to convert it', () => {
    const directory = folder();
    const spool = open(directory, { sealBytes: 2 ** 60 });
    expect(() => spool.append(record('r1'))).toThrow(expect.objectContaining({ code: 'SPOOL_FULL' }));
    expect(readdirSync(directory)).toEqual([]);
  });

  it('refuses a line that is too long to be converted', () => {
    const directory = folder();
    const spool = open(directory, { limitBytes: 2 ** 30 });
    expect(() => spool.append(record('r'.repeat(64 * 2 ** 20)))).toThrow(
      expect.objectContaining({ code: 'BODY_TOO_LARGE', status: 413 }),
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  it('recovers what a dead process left open, without the line it died in', () => {
    const directory = folder();
    const left = join(directory, `gw-1-20260101T000000000Z-${DEAD_PID}-abcd0123.open.ndjson`);
    writeFileSync(left, `${JSON.stringify(record('r1'))}\n`);
    appendFileSync(left, '{"request":{"request_id":"torn');
    const spool = open(directory);
    expect(existsSync(left)).toBe(false);
    const [segment] = spool.sealed();
    expect(readFileSync(segment!.path, 'utf8')).toBe(`${JSON.stringify(record('r1'))}\n`);
  });

  it('leaves alone what another living process writes', () => {
    const directory = folder();
    const other = `gw-1-20260101T000000000Z-${process.ppid}-abcd0123.open.ndjson`;
    writeFileSync(join(directory, other), `${JSON.stringify(record('r1'))}\n`);
    expect(open(directory).sealed()).toHaveLength(0);
    expect(readdirSync(directory)).toEqual([other]);
  });

  it('removes the Parquet of segments that are gone, and leaves that of sealed ones', () => {
    const directory = folder();
    const spool = open(directory);
    spool.append(record('r1'));
    spool.seal();
    const [segment] = spool.sealed();
    const kept = `${segment!.segmentId}.requests.parquet`;
    for (const name of [kept, 'gone.items.parquet', 'tmp_gone.outcomes.parquet'])
      writeFileSync(join(directory, name), '');
    spool.recover();
    expect(readdirSync(directory).filter((name) => name.endsWith('.parquet'))).toEqual([kept]);
  });

  it('cuts a torn line of any length, and a file that is one torn line to nothing', () => {
    const path = join(folder(), 'segment');
    writeFileSync(path, `a\nb\n${'x'.repeat(200_000)}`);
    recoverSegment(path);
    expect(readFileSync(path, 'utf8')).toBe('a\nb\n');
    writeFileSync(path, 'x'.repeat(200_000));
    recoverSegment(path);
    expect(readFileSync(path, 'utf8')).toBe('');
  });
});

describe('the shipper', () => {
  it('leaves no Parquet behind when it ends before the sealed file is gone', async () => {
    const directory = folder();
    const spool = open(directory);
    spool.append(record('r1'));
    spool.seal();
    const [segment] = spool.sealed();
    const errors: unknown[] = [];
    const shipper = new SegmentShipper({
      spool,
      store: { putFile: (path) => Promise.resolve({ digest: path, size: 1 }) },
      db: {
        // A folder in its place: it can't be removed as a file is.
        query: () => {
          rmSync(segment!.path);
          mkdirSync(segment!.path);
          return Promise.resolve({ rows: [] });
        },
      } as unknown as Queryable,
      gatewayId: 'gw-1',
      environment: 'test',
      everyMs: 1000,
      onError: (error) => errors.push(error),
    });
    await shipper.shipSealed();
    expect(errors).toHaveLength(1);
    expect(readdirSync(directory)).toEqual([basename(segment!.path)]);
  });
});

describe('convertSegment', () => {
  it('writes one file for each kind of rows that a segment has, with counts and span', async () => {
    const directory = folder();
    const path = join(directory, 's.sealed.ndjson');
    const outcomes: SpoolRecord = {
      outcomes: [{ event_id: 'e1', request_id: 'r1', name: 'bought', value: 1, at: 1500, received_at: 2500 }],
    };
    writeFileSync(
      path,
      [record('r1', 1000), record('r2', 2000), outcomes].map((r) => `${JSON.stringify(r)}\n`).join(''),
    );
    const converted = await convertSegment(path, join(directory, 's'));
    expect(converted).toMatchObject({ firstAt: 1000, lastAt: 2500 });
    expect(converted?.parts.map((part) => [part.kind, part.rows])).toEqual([
      ['requests', 2],
      ['items', 2],
      ['outcomes', 1],
    ]);
    const only = join(directory, 'o.sealed.ndjson');
    writeFileSync(only, `${JSON.stringify(outcomes)}\n`);
    expect((await convertSegment(only, join(directory, 'o')))?.parts.map((part) => part.kind)).toEqual([
      'outcomes',
    ]);
  });

  it('makes nothing of an empty segment', async () => {
    const path = join(folder(), 's.sealed.ndjson');
    writeFileSync(path, '');
    expect(await convertSegment(path, path)).toBeNull();
  });
});
