import type { Training } from '../contracts/spec/training.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { FRAME_INVALID } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import { isTimestamp } from './column-types.ts';
import type { DuckDbSession } from './duckdb.ts';
import { quoteName, quoteNames } from './sql-text.ts';
import { sqlOf } from './sql-of.ts';

type Spine = Training['spine'];

/** The spine's columns in a frame, each once. */
export function spineColumns(spine: Spine): string[] {
  return [...new Set([spine.id, spine.eventTime, spine.label, ...spine.keys, ...spine.attributes])];
}

/**
 * Runs the spine's SQL into table `spine`: its declared columns, event time as TIMESTAMP, only rows with a label.
 * @throws PerennialError SQL_INVALID, FRAME_INVALID
 */
export async function loadSpine(session: DuckDbSession, spine: Spine): Promise<void> {
  await session.userTable('spine_raw', sqlOf(spine.query, 'training.spine'), 'training.spine');
  const found = await session.columns('spine_raw');
  const names = found.map((c) => c.name);
  for (const column of spineColumns(spine)) {
    if (names.includes(column)) continue;
    const near = nearestName(column, names);
    throw invalid(
      `does not yield "${column}"${near === null ? '' : `; did you mean "${near}"?`} It yields ${names.join(', ')}`,
    );
  }
  const time = found.find((c) => c.name === spine.eventTime)?.type ?? '';
  if (!isTimestamp(time) && time !== 'DATE') {
    throw invalid(`yields event time "${spine.eventTime}" as ${time}; allowed are TIMESTAMP and DATE`);
  }
  const [id, at, label] = [quoteName(spine.id), quoteName(spine.eventTime), quoteName(spine.label)];
  const [row] = await session.rows(
    `SELECT count(*) AS total, count(${id}) AS ids, count(DISTINCT ${id}) AS different, count(${at}) FILTER (isfinite(${at})) AS times FROM spine_raw`,
  );
  const [total, ids, different, times] = [row?.total, row?.ids, row?.different, row?.times].map(Number);
  if (ids !== total)
    throw invalid(`yields ${String((total ?? 0) - (ids ?? 0))} rows without id "${spine.id}"`);
  if (different !== total) {
    throw invalid(
      `yields an id more than once: ${String(total)} rows have ${String(different)} values of "${spine.id}"`,
    );
  }
  if (times !== total) {
    throw invalid(
      `yields ${String((total ?? 0) - (times ?? 0))} rows without event time "${spine.eventTime}", or at infinity`,
    );
  }
  const columns = spineColumns(spine).map((c) =>
    c === spine.eventTime ? `${at}::TIMESTAMP AS ${at}` : quoteNames([c]),
  );
  await session.run(
    `CREATE TEMP TABLE spine AS SELECT ${columns.join(', ')} FROM spine_raw WHERE ${label} IS NOT NULL;
     DROP TABLE spine_raw`,
  );
}

function invalid(reason: string): PerennialError {
  return new PerennialError(FRAME_INVALID, `training.spine ${reason}`);
}
