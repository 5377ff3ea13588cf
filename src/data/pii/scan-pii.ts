import type { PiiKind } from '../../domain/pii-kind.ts';
import type { Column } from '../duckdb.ts';
import { quoteName } from '../sql-text.ts';
import { judgeColumn, namedContent } from './judge-column.ts';
import type { KindFinding } from './judge-column.ts';
import { candidatesSql, searchedNumbers, searchedText } from './pii-candidates.ts';
import type { PiiCandidate } from './pii-candidates.ts';
import { MAX_TEXT } from './recognise-pii.ts';

export interface PiiColumn {
  readonly name: string;
  readonly type: string;
  readonly verdict: 'pii' | 'possible' | 'none';
  /** Values that are not null. */
  readonly values: number;
  /** Values that hold personal data of any kind. */
  readonly piiValues: number;
  readonly kinds: readonly KindFinding[];
  /** What its name alone says that it may hold, such as "a name"; null where it says nothing. */
  readonly named: string | null;
  /** Its counts are estimates from a sample of its distinct values. */
  readonly sampled: boolean;
}

/** Runs a query: alone, or in turn with others. */
type Query = <T extends object>(sql: string) => Promise<T[]>;

/**
 * Looks for personal data in the columns of a table. DuckDB passes over every row and leaves the values that could
 * hold any; only distinct ones of these are read here, a sample where there are very many. Values never leave masked
 * form. @param wanted which kinds are looked for
 */
export async function scanPii(
  query: Query,
  table: string,
  columns: readonly Column[],
  wanted: (kind: PiiKind) => boolean = () => true,
): Promise<PiiColumn[]> {
  if (columns.length === 0) return [];
  const counts = columns.flatMap(({ name, type }, i) => [
    `count(${quoteName(name)}) AS c${String(i)}`,
    ...(type === 'VARCHAR' ? [`count(TRY_CAST(${quoteName(name)} AS DOUBLE)) AS n${String(i)}`] : []),
  ]);
  const [present] = await query<Record<string, number>>(
    `SELECT ${counts.join(', ')} FROM ${quoteName(table)}`,
  );
  const found: PiiColumn[] = [];
  for (const [i, column] of columns.entries()) {
    const values = present?.[`c${String(i)}`] ?? 0;
    const numbers = present?.[`n${String(i)}`] === values;
    const text = values === 0 ? null : numbers ? searchedNumbers(column.name) : searchedText(column);
    const candidates =
      text === null ? [] : await query<PiiCandidate>(candidatesSql(text, quoteName(table), MAX_TEXT));
    const { kinds, piiValues, sampled } = await judgeColumn(column.name, candidates, values, wanted);
    const named = namedContent(column.name);
    const certain = kinds.some((kind) => kind.verdict === 'pii');
    found.push({
      name: column.name,
      type: column.type,
      verdict: certain ? 'pii' : kinds.length > 0 || named !== null ? 'possible' : 'none',
      values,
      piiValues,
      kinds,
      named,
      sampled,
    });
  }
  return found;
}
