interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** What the numbers from `min` on are called. */
  readonly names?: readonly string[];
  /** As few letters of a name as say which is meant. */
  readonly letters?: number;
}

const MONTHS = 'january february march april may june july august september october november december';
const DAYS = 'sunday monday tuesday wednesday thursday friday saturday';
const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of the month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: MONTHS.split(' '), letters: 3 },
  { name: 'day of the week', min: 0, max: 7, names: DAYS.split(' '), letters: 2 },
];
/** `*`, a value or a range of values, each with a step or without. */
const PART = /^(?:\*|(?<first>[^-/]+)(?:-(?<last>[^-/]+))?)(?:\/0*[1-9]\d*)?$/;

/** The shortest interval of a schedule, in milliseconds. */
export const SHORTEST_INTERVAL_MS = 1000;

/**
 * What is wrong with a cron expression of five fields, or null. Read as Temporal reads it, which is what carries it out:
 * lists, ranges and steps, names of months and days; no `L`, `W`, `?` or `#`.
 */
export function cronProblem(cron: string): string | null {
  const given = cron.trim().split(/\s+/);
  if (given.length !== FIELDS.length)
    return `"${cron}" has ${String(given.length)} fields; a cron expression has five: minute, hour, day of the month, month, day of the week`;
  for (const [index, field] of FIELDS.entries()) {
    const wrong = given[index]?.split(',').find((part) => !fits(part, field));
    if (wrong !== undefined)
      return `"${wrong}" is no ${field.name}: give ${String(field.min)} to ${String(field.max)}${field.names ? ' or a name' : ''}, a range such as ${String(field.min)}-${String(field.max)}, a step such as */2, or *`;
  }
  return null;
}

function fits(part: string, field: Field): boolean {
  const groups = PART.exec(part)?.groups;
  if (groups === undefined) return false;
  const first = valueOf(groups['first'] ?? String(field.min), field);
  const last = valueOf(groups['last'] ?? String(field.max), field);
  return first !== null && last !== null && first <= last;
}

function valueOf(text: string, { min, max, names = [], letters = 0 }: Field): number | null {
  const place = names.findIndex((name) => text.length >= letters && name.startsWith(text.toLowerCase()));
  const value = place >= 0 ? min + place : /^\d+$/.test(text) ? Number(text) : -1;
  return value >= min && value <= max ? value : null;
}

/** What is wrong with the name of a time zone, or null. Upper and lower case count: schedules are kept by a file's name. */
export function timezoneProblem(timezone: string): string | null {
  const known = knownZone(timezone);
  const spelt = timezone.split('/').every((word) => /^[A-Z]/.test(word));
  if (known !== null && (known === timezone || (spelt && known.toLowerCase() !== timezone.toLowerCase())))
    return null;
  const hint = known === null ? ', such as Europe/Berlin or UTC' : `; did you mean "${known}"?`;
  return `"${timezone}" is no time zone of the IANA database${hint}`;
}

/** Its name as the database spells it, or the one that it is another name of; null for none. */
function knownZone(timezone: string): string | null {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}
