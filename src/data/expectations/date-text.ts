import { quoteValue } from '../sql-text.ts';

/** What `date_parseable` reads beside ISO 8601: fixed forms, so that no guess depends on the other values. */
const DATE_FORMATS = [
  '%Y/%m/%d',
  '%Y%m%d',
  '%d.%m.%Y',
  '%m/%d/%Y',
  '%d/%m/%Y',
  '%d %b %Y',
  '%d %B %Y',
  '%b %d, %Y',
  '%B %d, %Y',
];
/** Year, month and day, and what may follow; the cast by itself also takes years BC. */
const ISO_DATE = String.raw`\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([TZ +-][^(]*)?`;
const TIMES = ['', ' %H:%M', ' %H:%M:%S'];
const READ_DATES = [
  ...DATE_FORMATS.flatMap((date) => TIMES.map((time) => `${date}${time}`)),
  '%a, %d %b %Y %H:%M:%S',
  '%a, %d %b %Y %H:%M:%S GMT',
  '%a %b %d %H:%M:%S %Y',
];

const ANYTHING = String.raw`\S(?:.*\S)?`;
/** Directives whose form DuckDB is laxer about than strptime. */
const FORMS: Readonly<Record<string, string>> = {
  '%Y': '[0-9]{4}',
  '%z': '(?:Z|[-+][0-9]{2}:?[0-9]{2}.*)',
  '%Z': '.*',
  '%%': '%',
};

/**
 * SQL that holds for text that is a time in a format of strptime, as Python reads it: DuckDB by itself also takes years
 * of two digits for `%Y` and spaces around the whole, and no `Z` for `%z`.
 */
export function hasDateFormat(text: string, format: string): string {
  const value = format.includes('%z') ? `regexp_replace(${text}, 'Z$', '+00:00')` : text;
  return `(try_strptime(${value}, ${quoteValue(format)}) IS NOT NULL AND regexp_full_match(${text}, ${quoteValue(formOf(format))}))`;
}

function formOf(format: string): string {
  const parts = format.match(/%-?[a-z%]|\s+|[^%\s]+|%/gi) ?? [];
  return `(?i)${parts.map(formOfPart).join('')}`;
}

function formOfPart(part: string): string {
  if (part.trim() === '') return String.raw`\s+`;
  if (part.startsWith('%') && part.length > 1) return FORMS[part] ?? ANYTHING;
  return part.replaceAll(/[!-/:-@[-`{-~]/g, String.raw`\$&`);
}

/** SQL that holds for text that is a date, with or without a time. A digit sets dates apart from DuckDB's `epoch` and `infinity`. */
export function isDate(text: string): string {
  const iso = `(regexp_full_match(${text}, ${quoteValue(ISO_DATE)}) AND TRY_CAST(${text} AS TIMESTAMPTZ) IS NOT NULL)`;
  const other = `try_strptime(${text}, [${READ_DATES.map(quoteValue).join(', ')}]) IS NOT NULL`;
  return `(regexp_matches(${text}, '[0-9]') AND (${iso} OR ${other}))`;
}
