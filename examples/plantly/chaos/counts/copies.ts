import type { FaultReport, Span } from '../inject-faults.ts';

/** Between what a fault did and its effect, as on a machine that is busy with starting things again. */
const MARGIN_MS = 5000;

/** What arrived at a sink. Times in milliseconds since the epoch. */
export interface Arrival {
  /** As a delivery notes it. */
  readonly id: string;
  /** What the copies of one message have in common. */
  readonly content: string;
  readonly at: number;
}

/** That a message was sent. */
export interface Note {
  readonly key: string;
  readonly id: string;
  readonly at: number;
}

/** One message: when each copy of it came, and when it was noted as sent. */
export interface Told {
  readonly came: readonly number[];
  readonly noted: readonly number[];
}

/** When what lies between a message and the note of it was hit. */
export function hitsOn(faults: readonly FaultReport[], targets: readonly string[]): Span[] {
  return faults
    .filter(({ hit, fault }) => hit && targets.includes(fault.target))
    .map(({ lasted }) => lasted)
    .sort((a, b) => a.from - b.from);
}

/**
 * How many copies no hit explains. A message is sent again only where something kept an earlier copy from being noted:
 * what was over before the first one came did not, nor what began after the note. Each hit explains one copy.
 */
export function unexplainedCopies({ came, noted }: Told, hits: readonly Span[]): number {
  const [first = 0, ...copies] = came.toSorted((a, b) => a - b);
  const left = hits.filter(({ to }) => to === null || to >= first - MARGIN_MS);
  let earlier = first;
  let unexplained = 0;
  for (const copy of copies) {
    const until = Math.min(copy, ...noted.filter((at) => at >= earlier)) + MARGIN_MS;
    earlier = copy;
    // They are in their order: the first will do where any does.
    if (left[0] && left[0].from <= until) left.shift();
    else unexplained += 1;
  }
  return unexplained;
}

/** Which arrivals are of which note: by its id, else, of those with the same content, the nearest in time. */
export function toldBy(
  arrivals: readonly Arrival[],
  notes: readonly Note[],
): { readonly told: readonly Told[]; readonly unnoted: number } {
  const contents = contentsOf(arrivals);
  const came = new Map(notes.map((note) => [note, [] as number[]]));
  let unnoted = 0;
  for (const { id, content, at } of arrivals) {
    const own = notes.filter((note) => note.id === id);
    const alike = own.length > 0 ? own : notes.filter((note) => contents.get(note.id) === content);
    const [nearest] = alike.toSorted((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at));
    if (nearest) came.get(nearest)?.push(at);
    else unnoted += 1;
  }
  return { told: [...came].map(([note, times]) => ({ came: times, noted: [note.at] })), unnoted };
}

/** A second reminder says what the first one did; an approval is asked for anew on other evidence, which may read the same. */
const MAY_READ_THE_SAME = /\/(reminder|note|approval)\//;

/** Keys under which something was told that another key had told already, word for word. */
export function toldAgain(arrivals: readonly Arrival[], notes: readonly Note[]): string[] {
  const contents = contentsOf(arrivals);
  const keys = new Map<string, string>();
  return notes.flatMap(({ key, id }) => {
    const content = contents.get(id);
    if (content === undefined || MAY_READ_THE_SAME.test(key)) return [];
    const first = keys.get(content) ?? key;
    keys.set(content, first);
    return first === key ? [] : [key];
  });
}

function contentsOf(arrivals: readonly Arrival[]): ReadonlyMap<string, string> {
  return new Map(arrivals.map(({ id, content }) => [id, content]));
}
