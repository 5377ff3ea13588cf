import { createReadStream } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { DATA_FILE_MALFORMED } from '../../errors/data-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import type { LocatedFile } from './locate-data-file.ts';

/** The bytes of a file, unpacked where its name ends in .gz. @throws PerennialError DATA_FILE_MALFORMED */
export async function* unpacked(file: LocatedFile): AsyncGenerator<Buffer> {
  const raw = createReadStream(file.path);
  const stream = file.path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!code.startsWith('Z_')) throw error;
    throw new PerennialError(DATA_FILE_MALFORMED, `${file.name}: is no whole gzip file: ${message}`, {
      cause: error,
    });
  } finally {
    raw.destroy();
  }
}

/**
 * Reads packed files to their ends, for DuckDB takes one that was cut off for one that ends there.
 * @throws PerennialError DATA_FILE_MALFORMED
 */
export async function mustBeWhole(files: readonly LocatedFile[]): Promise<void> {
  for (const file of files.filter(({ path }) => path.endsWith('.gz')))
    await pipeline(unpacked(file), new Writable({ write: (_chunk, _encoding, done) => done() }));
}
