import { writeFile } from 'node:fs/promises';
import { USAGE } from '../../errors/cli-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';

/** Writes a page for `--html`. @throws PerennialError USAGE where the file can't be written */
export async function writePage(file: string, page: string): Promise<void> {
  await writeFile(file, page).catch((error: NodeJS.ErrnoException) => {
    throw new PerennialError(USAGE, `--html: cannot write ${file}: ${error.code ?? error.message}`, {
      cause: error,
    });
  });
}
