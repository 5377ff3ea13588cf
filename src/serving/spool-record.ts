import type { OutcomeRow, PredictionItemRow, PredictionRow } from '../contracts/serving.ts';

type Item = Pick<PredictionItemRow, 'rank' | 'candidate' | 'score' | 'features'>;

/** One line of the spool. A request and its items are one line, so that they are kept or lost together. */
export type SpoolRecord =
  | { readonly request: PredictionRow; readonly items: readonly Item[] }
  | { readonly outcomes: readonly OutcomeRow[] };

export type SpoolItem = Item;
