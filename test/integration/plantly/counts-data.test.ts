import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countIngestedRows } from '../../../examples/plantly/chaos/counts/ingested-rows.ts';
import { countPredictions } from '../../../examples/plantly/chaos/counts/prediction-log.ts';
import { appendBatch } from '../../../src/data/append-batch.ts';
import type { AppendOptions } from '../../../src/data/append-batch.ts';
import { attachDataset } from '../../../src/data/dataset-views.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import { withSourceHold } from '../../../src/registry/datasets.ts';
import { recordSegment, segmentsSince } from '../../../src/registry/prediction-segments.ts';
import type { PredictionSegment } from '../../../src/registry/prediction-segments.ts';
import { SegmentShipper } from '../../../src/serving/segment-shipper.ts';
import { Spool } from '../../../src/serving/spool.ts';
import { broken, MODEL, quietAftermath, REF } from './planted-faults.ts';
import type { QuietAftermath } from './planted-faults.ts';

let after: QuietAftermath;
beforeEach(async () => {
  after = await quietAftermath();
});
afterEach(() => after.close());

const visit = {
  requestId: 'r1',
  kind: 'ranked',
  version: 1,
  generation: 1,
  pandemic: false,
  impressions: 2,
  clicks: 0,
  orderIds: [],
  feedbackEventId: 'e1',
  converted: false,
} as const;

describe('rows of a source', () => {
  const ROWS = 3;

  /** Appends `rows` orders to what is there, as a reading of the source does. */
  async function ingest(parent: AppendOptions['parent'], from: number): Promise<AppendOptions['parent']> {
    const ref = { ...REF, source: 'orders' };
    return withDuckDb({ directory: after.scratch }, async (session) => {
      await session.run(
        `CREATE TABLE batch AS SELECT 'o' || (range + ${String(from)}) AS order_id FROM range(${String(ROWS)})`,
      );
      const files = parent ? await attachDataset(session, after.store, 'existing', parent.manifest) : [];
      const dataset = await appendBatch(session, after.store, {
        ref,
        table: 'batch',
        parent: parent && { ...parent, files },
        keepParent: true,
        primaryKey: ['order_id'],
        watermark: { from: null, to: null },
      });
      await withSourceHold(after.db, ref, (hold) =>
        hold.advance({ dataset, newRows: ROWS, position: {}, eventTimeMaxMs: null, quarantined: [] }),
      );
      return { ...dataset, files: [] };
    });
  }

  const ordersOf = async (written: number, orderIds: readonly string[] = []) => {
    const entry = { ...visit, orderIds, impressions: 0 };
    const history = { ...after.history, orders: written - orderIds.length };
    const counts = await countIngestedRows({ ...after, history, ledger: [entry] });
    return counts.find(({ promise }) => promise.startsWith('orders'));
  };

  it('are there once, in several batches', async () => {
    await ingest(await ingest(null, 0), ROWS);
    expect(await ordersOf(2 * ROWS)).toMatchObject({ ok: true });
    expect(await ordersOf(2 * ROWS + 1)).toMatchObject({ ok: false, seen: '6 rows of 7 written' });
  });

  it('are those that the shop wrote, and not as many others', async () => {
    await ingest(null, 0);
    expect(await ordersOf(ROWS, ['o1', 'o2'])).toMatchObject({ ok: true });
    expect(await ordersOf(ROWS, ['o1', 'o9'])).toMatchObject({
      ok: false,
      seen: '3 rows, 3 keys, 3 written, 2 of them live, 1 not as in the ledger',
    });
  });

  it('are not when a batch came twice, although readers see each once', async () => {
    await ingest(await ingest(null, 0), 0);
    expect(await ordersOf(ROWS)).toMatchObject({ ok: false, seen: '3 rows ingested more than once' });
  });
});

describe('the prediction log', () => {
  /** One answer with two items and one outcome, as a gateway ships them. */
  async function ship(): Promise<PredictionSegment> {
    const directory = join(after.scratch, 'spool');
    const spool = new Spool({ directory, gatewayId: 'gw-1', sealMs: 1000, sealBytes: 1e6, limitBytes: 1e7 });
    spool.append({
      request: {
        request_id: 'r1',
        at: 1000,
        model: MODEL,
        version: 1,
        arm: 'champion',
        generation: 1,
        call: 'rank',
        latency_ms: 1,
        error: null,
        split_key: 'c1',
        entity: { customer_id: 'c1' },
      },
      items: [1, 2].map((rank) => ({ rank, candidate: { plant_id: rank }, score: 0.5, features: [1] })),
    });
    spool.append({
      outcomes: [{ event_id: 'e1', request_id: 'r1', name: 'bought', value: 1, at: 1500, received_at: 2500 }],
    });
    spool.seal();
    const { db, store, environment } = after;
    const onError = (error: unknown) => {
      throw error;
    };
    await new SegmentShipper({
      spool,
      store,
      db,
      gatewayId: 'gw-1',
      environment,
      everyMs: 1000,
      onError,
    }).flush();
    const [segment] = await segmentsSince(db, environment, 0);
    return segment!;
  }

  it('holds each answer, its items and its outcome once', async () => {
    await ship();
    expect(broken(await countPredictions({ ...after, ledger: [visit] }))).toEqual([]);
  });

  it('does not when a segment is recorded under two ids, although readers see each row once', async () => {
    const segment = await ship();
    await recordSegment(after.db, { ...segment, segmentId: `${segment.segmentId}-again` });
    const counts = await countPredictions({ ...after, ledger: [visit] });
    expect(broken(counts)).toEqual(['prediction log']);
    expect(counts.at(-1)?.seen).toBe(
      '2 requests, 4 items and 2 outcomes; twice 1, 2 and 1; 0 answers without items',
    );
  });

  it('does not when the items of an answer are lost', async () => {
    const segment = await ship();
    await after.db.query(`UPDATE prediction_segments SET parts = parts - 'items' WHERE segment_id = $1`, [
      segment.segmentId,
    ]);
    const counts = await countPredictions({ ...after, ledger: [visit] });
    expect(broken(counts)).toEqual(['prediction log']);
    expect(counts.at(-1)?.seen).toContain('1 answers without items');
  });

  it('does not when an answer or an outcome is lost, or is under another version', async () => {
    await ship();
    const lost = { ...visit, requestId: 'r2', feedbackEventId: null };
    expect(broken(await countPredictions({ ...after, ledger: [visit, lost] }))).toEqual(['predictions']);
    const unheard = { ...visit, version: null, feedbackEventId: 'e2' };
    expect(broken(await countPredictions({ ...after, ledger: [visit, unheard] }))).toEqual(['outcomes']);
    const other = { ...visit, version: 2 };
    expect(broken(await countPredictions({ ...after, ledger: [other] }))).toEqual(['predictions']);
  });
});
