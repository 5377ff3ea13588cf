import { datasetViews } from '../../../../src/data/dataset-views.ts';
import { withDuckDb } from '../../../../src/data/duckdb.ts';
import { readSourceState } from '../../../../src/registry/datasets.ts';
import type { LedgerEntry } from '../../simulator/shopper-ledger.ts';
import type { Aftermath, Count } from './aftermath.ts';
import { eventually } from './aftermath.ts';

interface Written {
  readonly source: string;
  readonly key: string;
  readonly rows: number;
  /** What the ledger knows a row by, of its key, and how many rows it knows by each. */
  readonly knownBy: string;
  readonly live: ReadonlyMap<string, number>;
}

/** Each source's newest dataset, row by row, against what the shop wrote. */
export async function countIngestedRows(after: Aftermath): Promise<Count[]> {
  const { history, ledger } = after;
  const byVisit = (of: (entry: LedgerEntry) => number): ReadonlyMap<string, number> =>
    new Map(ledger.filter((entry) => of(entry) > 0).map((entry) => [entry.requestId, of(entry)]));
  const whole = (source: string, key: string, rows: number): Written => ({
    ...{ source, key, rows, knownBy: key },
    live: new Map(),
  });
  /** Ids of what a visit left begin with the visit's. */
  const visits = (source: string, key: string, live: ReadonlyMap<string, number>, rows: number): Written => ({
    ...{ source, key, knownBy: `split_part(${key}, '.', 1)`, live },
    rows: rows + sum(live),
  });
  const orders = new Map(ledger.flatMap(({ orderIds }) => orderIds.map((id) => [id, 1] as const)));
  const written = [
    whole('customers', 'customer_id', history.customers),
    whole('plants', 'plant_id', history.plants),
    { ...whole('orders', 'order_id', history.orders + sum(orders)), live: orders },
    visits(
      'impressions',
      'impression_id',
      byVisit((entry) => entry.impressions),
      history.impressions,
    ),
    visits(
      'clicks',
      'click_id',
      byVisit((entry) => entry.clicks),
      history.clicks,
    ),
  ];
  const counts: Count[] = [];
  for (const one of written) counts.push(await countSource(after, one));
  return counts;
}

const sum = (rows: ReadonlyMap<string, number>): number => [...rows.values()].reduce((all, n) => all + n, 0);

function countSource(after: Aftermath, { source, key, rows, knownBy, live }: Written): Promise<Count> {
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
    if (manifest.rows !== rows) return { ok: false, seen: `${manifest.rows} rows of ${rows} written` };
    const groups = await withDuckDb({ directory: scratch }, async (session) => {
      await datasetViews(session, store, [{ source, digest: dataset, manifest, eventTimeMaxMs: null }]);
      return session.rows<{ known: string; n: number; keys: number }>(
        `SELECT ${knownBy} AS known, count(*) AS n, count(DISTINCT ${key}) AS keys FROM ${source} GROUP BY 1`,
      );
    });
    const ingested = new Map(groups.map(({ known, n }) => [known, n]));
    const keys = groups.reduce((all, group) => all + group.keys, 0);
    const others = [...live].filter(([known, n]) => ingested.get(known) !== n).length;
    return {
      ok: sum(ingested) === rows && keys === rows && others === 0,
      seen: `${sum(ingested)} rows, ${keys} keys, ${rows} written, ${sum(live)} of them live, ${others} not as in the ledger`,
    };
  });
}
