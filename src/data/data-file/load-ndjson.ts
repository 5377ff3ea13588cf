import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { DATA_FILE_MALFORMED, DATA_FILE_MIXED_TYPES } from '../../errors/data-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import type { DuckDbSession } from '../duckdb.ts';
import { quoteName, quoteValue } from '../sql-text.ts';
import { MAX_ROW_BYTES } from './csv-dialect.ts';
import type { LocatedFile } from './locate-data-file.ts';
import { unpacked } from './unpacked.ts';

const SHOWN_CHARS = 80;

/**
 * Loads files of one JSON object a line into a table, with the types that all lines bear out. Lists and objects stay
 * what they are. `text` names columns that become text.
 * @throws PerennialError DATA_FILE_MALFORMED, DATA_FILE_MIXED_TYPES
 */
export async function loadNdjson(
  session: DuckDbSession,
  files: readonly LocatedFile[],
  as: string,
  text: ReadonlySet<string>,
): Promise<void> {
  const paths = files.map((file) => quoteValue(file.path)).join(', ');
  try {
    await session.run(
      `CREATE OR REPLACE TABLE ${quoteName(as)} AS SELECT * FROM read_json([${paths}], format = 'newline_delimited', records = true,
         sample_size = -1, union_by_name = true, map_inference_threshold = -1, field_appearance_threshold = 0,
         maximum_object_size = ${String(MAX_ROW_BYTES)})`,
    );
  } catch (error) {
    if (error instanceof PerennialError || !(error instanceof Error) || error.name === 'AbortError')
      throw error;
    throw await malformed(files, error);
  }
  for (const { name, type } of await session.columns(as)) {
    if (type === 'JSON') await settle(session, files, as, name, text.has(name));
    else if (text.has(name) && type !== 'VARCHAR')
      await session.run(`ALTER TABLE ${quoteName(as)} ALTER ${quoteName(name)} TYPE VARCHAR`);
  }
}

/** A column whose values have no type in common: nothing but nulls, objects among them, or mixed by mistake. */
async function settle(
  session: DuckDbSession,
  files: readonly LocatedFile[],
  table: string,
  name: string,
  isText: boolean,
): Promise<void> {
  const column = quoteName(name);
  const kind = `CASE json_type(${column}) WHEN 'VARCHAR' THEN 'text' WHEN 'BOOLEAN' THEN 'boolean'
    WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'list' WHEN 'NULL' THEN NULL ELSE 'number' END`;
  const kinds = await session.rows<{ kind: string; n: number }>(
    `SELECT ${kind} AS kind, count(*) AS n FROM ${quoteName(table)} GROUP BY ALL HAVING kind IS NOT NULL ORDER BY n DESC, kind`,
  );
  const [usual] = kinds;
  if (usual && kinds.length > 1 && !isText) {
    const [row] = await session.rows<{ record: number; kind: string; value: string }>(
      `SELECT * FROM (SELECT row_number() OVER () AS record, ${kind} AS kind, ${column}::VARCHAR AS value FROM ${quoteName(table)})
         WHERE kind <> ${quoteValue(usual.kind)} ORDER BY record LIMIT 1`,
    );
    const place = await placeOfRecord(files, row?.record ?? 1);
    const message = `holds ${row?.value.slice(0, SHOWN_CHARS) ?? ''}, a ${row?.kind ?? ''}, but most of its values are of kind ${usual.kind}`;
    throw new PerennialError(
      DATA_FILE_MIXED_TYPES,
      `${place.file}:${String(place.line)}, column "${name}": ${message}. Mend it, or declare the column as text with --type ${name}=categorical`,
      { problems: [{ path: name, message, ...place }] },
    );
  }
  await session.run(`ALTER TABLE ${quoteName(table)} ALTER ${column} TYPE VARCHAR USING ${column} ->> '$'`);
}

/** Lines of a file, with those that hold a record counted; blank ones hold none. */
async function* linesOf(file: LocatedFile): AsyncGenerator<{ readonly text: string; readonly line: number }> {
  const input = Readable.from(unpacked(file));
  let line = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      line += 1;
      if (text.trim() !== '') yield { text, line };
    }
  } finally {
    input.destroy();
  }
}

async function placeOfRecord(
  files: readonly LocatedFile[],
  record: number,
): Promise<{ readonly file: string; readonly line: number }> {
  let seen = 0;
  for (const file of files) {
    for await (const { line } of linesOf(file)) {
      seen += 1;
      if (seen === record) return { file: file.name, line };
    }
  }
  throw new Error(`the files have no record ${String(record)}`);
}

async function malformed(files: readonly LocatedFile[], error: Error): Promise<PerennialError> {
  for (const file of files) {
    for await (const { text, line } of linesOf(file)) {
      const message = whyNoObject(text);
      if (message === null) continue;
      const detail = `${message}: ${text.slice(0, SHOWN_CHARS)}`;
      return new PerennialError(DATA_FILE_MALFORMED, `${file.name}:${String(line)}: ${detail}`, {
        problems: [{ file: file.name, line, message: detail }],
        cause: error,
      });
    }
  }
  const names = files.map((file) => file.name).join(', ');
  const detail = files.reduce(
    (text, file) => text.replaceAll(file.path, file.name),
    error.message.split('\n')[0] ?? '',
  );
  return new PerennialError(DATA_FILE_MALFORMED, `${names}: ${detail}`, { cause: error });
}

function whyNoObject(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? null
      : 'is no JSON object; one object is needed on each line';
  } catch {
    return 'is no whole JSON object; one is needed on each line';
  }
}
