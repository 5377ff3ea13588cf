import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataFile } from '../../../src/data/data-file/open-data-file.ts';
import type { DataFile } from '../../../src/data/data-file/open-data-file.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { DuckDbSession } from '../../../src/data/duckdb.ts';

export const REFERENCE = new URL('../../reference/', import.meta.url).pathname;

/** Files that a test writes, and databases that open them. */
export class DataFiles {
  readonly folder = mkdtempSync(join(tmpdir(), 'perennial-evaluate-'));

  write(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** A CSV file of rows. */
  csv(name: string, head: string, rows: readonly (readonly unknown[])[]): string {
    return this.write(name, [head, ...rows.map((row) => row.join(','))].join('\n') + '\n');
  }

  async with<T>(
    paths: readonly string[],
    work: (session: DuckDbSession, ...files: DataFile[]) => Promise<T>,
  ): Promise<T> {
    return withDuckDb({ directory: this.folder }, async (session) => {
      const files: DataFile[] = [];
      for (const [i, path] of paths.entries())
        files.push(await openDataFile(session, path, { as: `data ${String(i)}`, s3: noS3 }));
      return work(session, ...files);
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

function noS3(): never {
  throw new Error('no S3 is needed');
}
