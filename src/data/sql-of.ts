import type { SqlText } from '../contracts/spec/names.ts';
import { SQL_INVALID } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';

/** The text of a query of an applied spec, in which applying has put every file's text in place. */
export function sqlOf(query: SqlText, what: string): string {
  if ('sql' in query) return query.sql;
  throw new PerennialError(
    SQL_INVALID,
    `${what}: the spec names the file ${query.file} and not its text; apply the spec again`,
  );
}
