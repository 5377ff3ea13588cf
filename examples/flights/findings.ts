import { z } from 'zod';
import { listIn } from '../../src/cli/list-in.ts';
import type { Finding } from '../../src/domain/finding.ts';
import type { Person } from '../story/person.ts';
import { MODEL } from './flights-stack.ts';

/** The monitor of perennial.yaml that compares the flights' outcomes with what the champion learned from. */
export const MONITOR = 'fewer-delays';

const Listed = z.object({ finding: z.custom<Finding>((value) => typeof value === 'object') });

/** What the monitor saw of one version, newest window first. */
export async function findingsOf(who: Person, version: number): Promise<Finding[]> {
  const answer = await who.api.get(
    `/v1/models/${encodeURIComponent(MODEL)}/findings?monitor=${MONITOR}&limit=100`,
  );
  return listIn('findings', Listed, answer)
    .map(({ finding }) => finding)
    .filter((finding) => finding.version === version);
}

export function inFigures({ status, value, threshold, reason, windowStart, windowEnd }: Finding) {
  return { status, value, threshold, reason, windowSeconds: (windowEnd - windowStart) / 1000 };
}
