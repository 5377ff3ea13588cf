import { DATA_FILE_MALFORMED } from '../../errors/data-errors.ts';
import { isPerennialError, PerennialError } from '../../errors/define-error.ts';
import type { DuckDbSession } from '../duckdb.ts';
import { quoteName, quoteValue } from '../sql-text.ts';
import type { LocatedFile } from './locate-data-file.ts';

/** Makes a view of Parquet files of the same columns; no value is read yet. @throws PerennialError DATA_FILE_MALFORMED */
export async function viewParquet(
  session: DuckDbSession,
  files: readonly LocatedFile[],
  as: string,
): Promise<void> {
  for (const file of files) {
    await session
      .rows(`DESCRIBE SELECT * FROM read_parquet(${quoteValue(file.path)})`)
      .catch((error: unknown) => {
        throw malformed(file, error);
      });
  }
  const paths = files.map((file) => quoteValue(file.path)).join(', ');
  await session
    .run(`CREATE VIEW ${quoteName(as)} AS SELECT * FROM read_parquet([${paths}])`)
    .catch((error: unknown) => {
      throw malformed({ name: files.map((file) => file.name).join(', '), path: files[0]?.path ?? '' }, error);
    });
}

function malformed(file: LocatedFile, error: unknown): unknown {
  if (!(error instanceof Error) || isPerennialError(error) || error.name === 'AbortError') return error;
  const detail = (error.message.split('\n')[0] ?? '').replaceAll(file.path, file.name);
  return new PerennialError(
    DATA_FILE_MALFORMED,
    `${file.name} is no whole Parquet file: ${detail}. It may be truncated or still being written; write it again`,
    { problems: [{ file: file.name, message: detail }], cause: error },
  );
}
