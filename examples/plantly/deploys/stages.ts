import type { ModelRef } from '../../../src/contracts/workflows/ids.ts';
import type { Database } from '../../../src/registry/database.ts';

/** Those in which a version waits for something; the others last as long as a row takes to write. */
export const STAGES = ['producing', 'validated', 'shadow', 'canary', 'bake', 'champion'] as const;

/** How long a version was in a stage, in milliseconds since the epoch. */
export interface StageSpan {
  readonly stage: string;
  readonly from: number;
  /** null: it is in this stage still. */
  readonly to: number | null;
}

interface Moment {
  readonly from: number;
  readonly to: number;
}

/** Whether one of the moments was, in part at least, within the span. */
export function isMet({ from, to }: StageSpan, moments: readonly Moment[]): boolean {
  return moments.some((moment) => moment.from < (to ?? Infinity) && moment.to > from);
}

/** Stages that a version is in now and in which no moment has begun yet. */
export function unmetStages(spans: readonly StageSpan[], moments: readonly Moment[]): string[] {
  const hasBegin = ({ from, to }: StageSpan): boolean =>
    moments.some((moment) => moment.from >= from && moment.from < (to ?? Infinity));
  return STAGES.filter((stage) => {
    const those = spans.filter((span) => span.stage === stage);
    return those.some(({ to }) => to === null) && !those.some(hasBegin);
  });
}

export async function stagesOf(db: Database, { model, environment }: ModelRef): Promise<StageSpan[]> {
  const { rows } = await db.query<{ stage: string; at: Date; next: Date | null }>(
    `SELECT stage, at, lead(at) OVER (PARTITION BY version ORDER BY id) AS next
       FROM version_stages WHERE model = $1 AND environment = $2 ORDER BY id`,
    [model, environment],
  );
  return rows.map(({ stage, at, next }) => ({
    stage,
    from: at.getTime(),
    to: next === null ? null : next.getTime(),
  }));
}
