import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { ArtifactStore } from '../../../../src/artifacts/artifact-store.ts';
import type { ModelRef } from '../../../../src/contracts/workflows/ids.ts';
import type { Database } from '../../../../src/registry/database.ts';
import type { StoryReport } from '../../../story/story.ts';
import type { LedgerEntry } from '../../simulator/shopper-ledger.ts';
import type { HistorySize } from '../../simulator/seed-history.ts';
import type { FaultReport } from '../inject-faults.ts';
import type { Stack } from '../../../../src/embedded/stack.ts';

/** One promise, held against the simulator's own books after a run. */
export interface Count {
  readonly promise: string;
  readonly ok: boolean;
  readonly seen: string;
}

/** What is there to be counted once the faults are over. */
export interface Aftermath extends ModelRef {
  readonly stack: Stack;
  readonly db: Database;
  readonly store: ArtifactStore;
  readonly temporal: Client;
  readonly scratch: string;
  /** How long a promise may take to come true. */
  readonly patienceMs: number;
  readonly history: HistorySize;
  readonly ledger: readonly LedgerEntry[];
  readonly faults: readonly FaultReport[];
  /** What the story saw, step by step. */
  readonly report: StoryReport;
}

const POLL_MS = 1000;

/** Looks until the promise holds; what it saw last when it never does. */
export async function eventually(
  { patienceMs }: Pick<Aftermath, 'patienceMs'>,
  promise: string,
  look: () => Promise<Omit<Count, 'promise'>>,
): Promise<Count> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const seen = await look().catch((error: unknown) => ({ ok: false, seen: String(error) }));
    if (seen.ok || Date.now() >= deadline) return { promise, ...seen };
    await sleep(POLL_MS);
  }
}

export async function readLedger(file: string): Promise<LedgerEntry[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LedgerEntry);
}
