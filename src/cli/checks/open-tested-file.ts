import { DATA_FILE_MIXED_TYPES } from '../../errors/data-errors.ts';
import { isPerennialError } from '../../errors/define-error.ts';
import { openDataFile } from '../../data/data-file/open-data-file.ts';
import type { DataFile, OpenDataFileOptions } from '../../data/data-file/open-data-file.ts';
import type { DuckDbSession } from '../../data/duckdb.ts';
import { s3FromEnvironment } from '../data-job.ts';

/** A column that is nearly all numbers or times, and therefore kept as text: what does not fit is for tests to say. */
interface MixedColumn {
  readonly column: string;
  readonly message: string;
}

export interface TestedFile extends DataFile {
  readonly mixed: readonly MixedColumn[];
}

/** Opens a file that is to be judged: columns of mixed types are text, and told. @throws PerennialError DATA_FILE_… */
export async function openTestedFile(
  session: DuckDbSession,
  location: string,
  as: string,
  options: Pick<OpenDataFileOptions, 'format' | 'text' | 'numbersAsText'>,
): Promise<TestedFile> {
  const mixed: MixedColumn[] = [];
  for (;;) {
    const text = [...(options.text ?? []), ...mixed.map((one) => one.column)];
    try {
      const file = await openDataFile(session, location, {
        ...options,
        as,
        text,
        s3: s3FromEnvironment,
      });
      return { ...file, mixed };
    } catch (error) {
      const problem =
        isPerennialError(error) && error.code === DATA_FILE_MIXED_TYPES.code ? error.problems[0] : null;
      if (!problem?.path || text.includes(problem.path)) throw error;
      const place = problem.line === undefined ? '' : ` (line ${String(problem.line)})`;
      mixed.push({ column: problem.path, message: `${problem.message}${place}` });
    }
  }
}
