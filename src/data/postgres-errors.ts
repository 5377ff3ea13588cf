import pg from 'pg';
import type { Source } from '../contracts/spec/sources.ts';
import { SOURCE_UNREADABLE } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../errors/lifecycle-errors.ts';

/** PostgreSQL quotes the value that it stumbles over, however long it is, and says what is wrong with it before or after. */
const MESSAGE_ENDS = 150;

/** What an operator can mend is said by code; a server that is away is worth a retry. No text holds the URL. */
export function sourceError(
  error: unknown,
  name: string,
  source: Pick<Extract<Source, { type: 'postgres' }>, 'connection'>,
): unknown {
  if (error instanceof PerennialError) return error;
  const code = (error as { code?: unknown }).code;
  const where = `source "${name}" (${source.connection})`;
  if (error instanceof pg.DatabaseError) {
    const sqlClass = error.code?.slice(0, 2) ?? '';
    const message = shortened(error.message);
    // Authorisation, unknown database, privilege; a value or a view that does not compute.
    if (['22', '28', '3D', '42'].includes(sqlClass)) {
      return new PerennialError(SOURCE_UNREADABLE, `${where}: PostgreSQL refused it: ${message}`);
    }
    return new PerennialError(DEPENDENCY_UNAVAILABLE, `${where}: PostgreSQL failed: ${message}`);
  }
  if (error instanceof TypeError && code === 'ERR_INVALID_URL') {
    return new PerennialError(SOURCE_UNREADABLE, `${where}: the variable does not hold a URL`);
  }
  if (typeof code === 'string' && /^E[A-Z_]+$/.test(code)) {
    return new PerennialError(DEPENDENCY_UNAVAILABLE, `${where}: cannot be reached: ${code}`);
  }
  return error;
}

function shortened(message: string): string {
  if (message.length <= 2 * MESSAGE_ENDS) return message;
  return `${message.slice(0, MESSAGE_ENDS)} … ${message.slice(-MESSAGE_ENDS)}`;
}
