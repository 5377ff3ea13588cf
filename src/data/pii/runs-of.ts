import type { Recogniser } from './recogniser.ts';

interface Run {
  /** Place in the text, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  readonly valid: boolean;
}

const LAST_GROUP = /[ ./()-]+[^ ./()-]+$/;

/** The stretches of a text that have a recogniser's form, from left to right; none that is valid overlaps another. */
export function runsOf(recogniser: Recogniser, text: string): Run[] {
  const { pattern, valid, inGroups } = recogniser;
  if (!inGroups) {
    return [...text.matchAll(pattern)].map(({ index: start, 0: run }) => ({
      start,
      end: start + run.length,
      valid: valid(run),
    }));
  }
  const runs: Run[] = [];
  const search = new RegExp(pattern);
  for (let match = search.exec(text); match !== null; match = search.exec(text)) {
    const [whole] = match;
    const run = longestValid(recogniser, whole);
    runs.push({ start: match.index, end: match.index + (run ?? whole).length, valid: run !== null });
    search.lastIndex = match.index + (run?.length ?? 1);
  }
  return runs;
}

/** Of a match, and of what is left of it without its last groups, the first that is valid. */
function longestValid({ pattern, valid }: Recogniser, match: string): string | null {
  let run = match;
  while (!valid(run)) {
    const shorter = run.replace(LAST_GROUP, '');
    if (shorter === run || shorter.match(pattern)?.[0] !== shorter) return null;
    run = shorter;
  }
  return run;
}
