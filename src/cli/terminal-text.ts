import { visibleText } from '../domain/visible-text.ts';

/** Beginning of a line that only goes on with the one before. */
const GOES_ON = '\n    ';

/**
 * The same value with every text in it, names of fields included, as a terminal may show it: nothing that acts on the
 * terminal, and no line that could be taken for one of ours. Colours come afterwards.
 */
export function forTerminal<T>(value: T): T {
  return shown(value) as T;
}

function shown(value: unknown): unknown {
  if (typeof value === 'string') return shownText(value);
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [shownText(name), shown(part)]));
}

function shownText(text: string): string {
  return visibleText(text).replaceAll('\n', GOES_ON);
}
