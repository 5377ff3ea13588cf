import { openPredictionLog } from '../../../../src/serving/prediction-log.ts';
import type { PredictionLogView } from '../../../../src/serving/prediction-log.ts';
import type { Aftermath, Count } from './aftermath.ts';
import { eventually } from './aftermath.ts';
import { readRawLog } from './raw-log.ts';

/** Clocks that were off put rows into the future; by then all of them are in the past. */
const FAR = Date.UTC(2100, 0, 1);

/** The prediction log and the feedback in it, id by id, against the shop's ledger. */
export async function countPredictions(after: Aftermath): Promise<Count[]> {
  const { model, environment, ledger } = after;
  const log = openPredictionLog(after);
  const look = async <T>(ask: (view: PredictionLogView) => Promise<T>): Promise<T> => {
    const view = await log.open({ model, environment, from: 0, to: FAR }, { items: false });
    try {
      return await ask(view);
    } finally {
      view.close();
    }
  };
  const served = new Map(
    ledger.flatMap(({ requestId, version }) => (version === null ? [] : [[requestId, version]])),
  );
  const reported = new Set(ledger.flatMap(({ feedbackEventId }) => feedbackEventId ?? []));
  return [
    await eventually(
      after,
      'predictions: each answer logged once, under the version that gave it',
      async () => {
        const rows = await look((view) =>
          view.query<{ request_id: string; version: number }>(
            `SELECT request_id, version FROM requests WHERE arm <> 'shadow' AND error IS NULL`,
          ),
        );
        const ids = new Set(rows.map(({ request_id }) => request_id));
        const lost = [...served.keys()].filter((id) => !ids.has(id));
        const unknown = [...ids].filter((id) => !served.has(id));
        const wrong = rows.filter(
          ({ request_id, version }) => served.has(request_id) && served.get(request_id) !== version,
        );
        return {
          ok: lost.length + unknown.length + wrong.length === 0 && rows.length === ids.size,
          seen: `${served.size} answered, ${ids.size} logged, ${rows.length - ids.size} twice, ${told(lost, 'lost')}, ${told(unknown, 'unknown')}, ${wrong.length} under another version`,
        };
      },
    ),
    await eventually(after, 'outcomes: each report kept once', async () => {
      const rows = await look((view) => view.query<{ event_id: string }>('SELECT event_id FROM outcomes'));
      const ids = new Set(rows.map(({ event_id }) => event_id));
      const lost = [...reported].filter((id) => !ids.has(id));
      const unknown = [...ids].filter((id) => !reported.has(id));
      return {
        ok: lost.length + unknown.length === 0 && rows.length === ids.size,
        seen: `${reported.size} reported, ${ids.size} kept, ${rows.length - ids.size} twice, ${told(lost, 'lost')}, ${told(unknown, 'unknown')}`,
      };
    }),
    await eventually(
      after,
      'prediction log: each row shipped once, and each answer with its items',
      async () => {
        const raw = await readRawLog(after);
        const { doubledRequests, doubledItems, doubledOutcomes, itemless } = raw;
        return {
          ok: raw.requests > 0 && doubledRequests + doubledItems + doubledOutcomes + itemless === 0,
          seen: `${raw.requests} requests, ${raw.items} items and ${raw.outcomes} outcomes; twice ${doubledRequests}, ${doubledItems} and ${doubledOutcomes}; ${itemless} answers without items`,
        };
      },
    ),
  ];
}

const told = (ids: readonly string[], what: string): string =>
  `${ids.length} ${what}${ids.length > 0 ? ` (such as ${ids.slice(0, 2).join(', ')})` : ''}`;
