import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import type { Queryable } from '../../../src/registry/database.ts';
import { SegmentShipper } from '../../../src/serving/segment-shipper.ts';
import { Spool } from '../../../src/serving/spool.ts';

const LINE = `${JSON.stringify({
  outcomes: [{ event_id: 'e1', request_id: 'r1', name: 'bought', value: 1, at: 1500, received_at: 2500 }],
})}\n`;

/** A spool with these sealed segments, by name, and what its shipper recorded and could not ship. */
function shipping(segments: Readonly<Record<string, string>>) {
  const directory = mkdtempSync(join(tmpdir(), 'shipper-'));
  const pathOf = (name: string): string => join(directory, `${name}.sealed.ndjson`);
  for (const [name, text] of Object.entries(segments)) writeFileSync(pathOf(name), text);
  const recorded: unknown[] = [];
  const failed: [segmentId: string, code: unknown][] = [];
  const shipper = new SegmentShipper({
    spool: new Spool({ directory, gatewayId: 'gw-1', sealMs: 1000, sealBytes: 1000, limitBytes: 1e6 }),
    store: { putFile: async (path) => ({ digest: path, size: 1 }) },
    db: {
      query: async (_text: string, values: readonly unknown[]) => {
        recorded.push(values[0]);
        return { rows: [], rowCount: 1 };
      },
    } as unknown as Queryable,
    gatewayId: 'gw-1',
    environment: 'test',
    everyMs: 1000,
    onError: (error, segmentId) => failed.push([segmentId, (error as { code?: unknown }).code]),
  });
  return { shipper, recorded, failed, pathOf };
}

afterEach(() => vi.useRealTimers());

it('ships what lies behind a segment that cannot be read, and tries that again after a minute', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { shipper, recorded, failed, pathOf } = shipping({ a: `no JSON\n${LINE}`, b: LINE });
  await shipper.shipSealed();
  await shipper.shipSealed();
  expect(recorded).toEqual(['b']);
  expect(failed).toEqual([['a', 'SEGMENT_UNREADABLE']]);
  expect(existsSync(pathOf('a'))).toBe(true);
  vi.advanceTimersByTime(60_000);
  await shipper.shipSealed();
  expect(failed).toHaveLength(2);
  writeFileSync(pathOf('a'), LINE);
  vi.advanceTimersByTime(60_000);
  await shipper.shipSealed();
  expect(recorded).toEqual(['b', 'a']);
  expect(existsSync(pathOf('a'))).toBe(false);
});

it('ships what a loss of power left of a sealed segment', async () => {
  const { shipper, recorded, failed } = shipping({ a: `${LINE}{"outcomes":[{"event`, b: `${LINE}\0\0\0` });
  await shipper.shipSealed();
  expect(failed).toEqual([]);
  expect(recorded).toEqual(['a', 'b']);
});
