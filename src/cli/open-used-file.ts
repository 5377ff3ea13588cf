import type { DataFile, OpenDataFileOptions } from '../data/data-file/open-data-file.ts';
import type { DuckDbSession } from '../data/duckdb.ts';
import { DATA_FILE_MIXED_TYPES } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import { openTestedFile } from './checks/open-tested-file.ts';

/**
 * Opens a file of which a command uses some columns: only there is a number with other text among it an error, and
 * everywhere else text.
 * @throws PerennialError DATA_FILE_…
 */
export async function openUsedFile(
  session: DuckDbSession,
  location: string,
  as: string,
  options: Pick<OpenDataFileOptions, 'format' | 'text'>,
  usedOf: (names: readonly string[]) => readonly (string | null | undefined)[],
): Promise<DataFile> {
  const file = await openTestedFile(session, location, as, options);
  const used = usedOf(file.columns.map(({ name }) => name));
  const wrong = file.mixed.find(({ column }) => used.includes(column));
  if (wrong !== undefined)
    throw new PerennialError(
      DATA_FILE_MIXED_TYPES,
      `${location}, column "${wrong.column}": ${wrong.message}; mend it`,
    );
  return file;
}
