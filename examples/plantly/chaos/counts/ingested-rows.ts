import { datasetViews } from '../../../../src/data/dataset-views.ts';
import { withDuckDb } from '../../../../src/data/duckdb.ts';
import { readSourceState } from '../../../../src/registry/datasets.ts';
import type { Aftermath, Count } from './aftermath.ts';
import { eventually } from './aftermath.ts';

/** Each source's newest dataset, row by row, against what the shop wrote. */
export async function countIngestedRows(after: Aftermath): Promise<Count[]> {
  const { history, ledger } = after;
  const sum = (of: (entry: (typeof ledger)[number]) => number): number =>
    ledger.reduce((total, entry) => total + of(entry), 0);
  const written: readonly [source: string, key: string, rows: number][] = [
    ['customers', 'customer_id', history.customers],
    ['plants', 'plant_id', history.plants],
    ['orders', 'order_id', history.orders + sum((entry) => entry.orderIds.length)],
    ['impressions', 'impression_id', history.impressions + sum((entry) => entry.impressions)],
    ['clicks', 'click_id', history.clicks + sum((entry) => entry.clicks)],
  ];
  const counts: Count[] = [];
  for (const [source, key, rows] of written) counts.push(await countSource(after, source, key, rows));
  return counts;
}

function countSource(after: Aftermath, source: string, key: string, written: number): Promise<Count> {
  const { db, store, model, environment, scratch } = after;
  return eventually(after, `${source}: each row ingested exactly once`, async () => {
    const { dataset, manifest } = await readSourceState(db, { model, environment, source });
    if (dataset === null || manifest === null) return { ok: false, seen: 'no dataset' };
    // A batch that came again gives each key a second row, of which readers see the newest.
    const { rows: seen } = await db.query<{ again: number }>(
      `SELECT coalesce(max((manifest->>'replaced')::int), 0) AS again FROM dataset_versions
        WHERE model = $1 AND environment = $2 AND source = $3`,
      [model, environment, source],
    );
    const again = seen[0]?.again ?? 0;
    if (again > 0) return { ok: false, seen: `${again} rows ingested more than once` };
    // The manifest is cheap to ask; the rows are read once it says that they are all there.
    if (manifest.rows !== written) return { ok: false, seen: `${manifest.rows} rows of ${written} written` };
    const [row] = await withDuckDb({ directory: scratch }, async (session) => {
      await datasetViews(session, store, [{ source, digest: dataset, manifest, eventTimeMaxMs: null }]);
      return session.rows<{ n: number; keys: number }>(
        `SELECT count(*) AS n, count(DISTINCT ${key}) AS keys FROM ${source}`,
      );
    });
    const { n = 0, keys = 0 } = row ?? {};
    return { ok: n === written && keys === written, seen: `${n} rows, ${keys} keys, ${written} written` };
  });
}
