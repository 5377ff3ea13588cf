import type { Inbox } from '../../story/inbox.ts';
import type { HistorySize } from '../simulator/seed-history.ts';
import type { Cast } from './cast.ts';
import type { PlantlyStack } from './shop.ts';
import type { Shoppers } from '../simulator/run-shoppers.ts';

export interface StoryOptions {
  readonly seed: number;
  /** A person approves, with the command that is printed, instead of the scripted ML engineer. */
  readonly interactive: boolean;
  /** The PyTorch recommender in place of the trees. */
  readonly deep: boolean;
  /** The webhook comes fifty times at once, and two people decide on one version at once. */
  readonly storm: boolean;
}

/** What the steps share, filled as the story goes on. */
export interface Setting {
  readonly options: StoryOptions;
  readonly note: (text: string) => void;
  plantly: PlantlyStack | null;
  cast: Cast | null;
  inbox: Inbox | null;
  /** When the shop's history ended; nothing before it is live. */
  historyEnd: Date | null;
  history: HistorySize | null;
  shoppers: Shoppers | null;
  /** Version numbers by their role in the story. */
  baseline: number;
  invasive: number;
  ranker: number;
  recovered: number;
  pandemicAt: number;
}

/** What an earlier step must have made. */
export function need<T>(value: T | null, what: string): T {
  if (value === null) throw new Error(`the story has no ${what} yet`);
  return value;
}
