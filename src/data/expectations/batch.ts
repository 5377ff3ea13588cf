import type { Expectation } from '../../contracts/spec/expectations.ts';
import { nearestName } from '../../domain/nearest-name.ts';
import { EXPECTATION_INVALID } from '../../errors/data-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { isNumeric, isTimestamp, isWideInteger } from '../column-types.ts';
import type { Column, DuckDbSession } from '../duckdb.ts';
import { quoteName } from '../sql-text.ts';
import { ScanQueue } from './scan-queue.ts';

export interface ExpectationContext {
  readonly session: DuckDbSession;
  readonly source: string;
  /** What messages call the batch; `source "…"` when left out. */
  readonly subject?: string;
  /** The table or view with the batch. */
  readonly batch: 'batch';
  /** Table or view with the rows that are there already; null for the first batch or a table read anew. */
  readonly existing: string | null;
  readonly primaryKey: readonly string[];
  /** Name of the view that holds another source's good dataset; null when it has none. */
  readonly viewOf: (source: string) => string | null;
  readonly nowMs: number;
}

export type ValueKind = 'number' | 'text' | 'boolean' | 'time' | 'list' | 'other';

/** A column as a judge uses it. */
export interface TestedColumn {
  readonly name: string;
  readonly type: string;
  readonly kind: ValueKind;
  /** Its SQL name. */
  readonly sql: string;
  /** SQL that holds where there is a value: neither null nor NaN. */
  readonly present: string;
}

interface ReferencedTable {
  readonly view: string;
  readonly columns: readonly Column[];
}

/** The batch under test: its columns, and the passes over it. */
export class Batch {
  readonly context: ExpectationContext;
  readonly columns: readonly Column[];
  readonly scan: ScanQueue;
  readonly #references: ReadonlyMap<string, ReferencedTable>;

  /** Looks up the columns of the batch, and of the tables that the expectations refer to. */
  static async open(context: ExpectationContext, expectations: readonly Expectation[]): Promise<Batch> {
    const { session, batch, viewOf } = context;
    const references = new Map<string, ReferencedTable>();
    for (const e of expectations) {
      const view = e.expect === 'references' ? viewOf(e.source) : null;
      if (e.expect === 'references' && view !== null)
        references.set(e.source, { view, columns: await session.columns(view) });
    }
    return new Batch(context, await session.columns(batch), references);
  }

  private constructor(
    context: ExpectationContext,
    columns: readonly Column[],
    references: ReadonlyMap<string, ReferencedTable>,
  ) {
    this.context = context;
    this.columns = columns;
    this.#references = references;
    this.scan = new ScanQueue(context.session, context.batch);
  }

  /**
   * A column of the batch, or of another table.
   * @throws PerennialError EXPECTATION_INVALID when it is not there, with the nearest name that is
   */
  column(name: string, columns = this.columns, subject = this.subject): TestedColumn {
    const found = columns.find((c) => c.name === name);
    if (found) return testedColumn(found);
    const names = columns.map((c) => c.name);
    const near = nearestName(name, names);
    throw new PerennialError(
      EXPECTATION_INVALID,
      `${subject} has no column "${name}"${near === null ? '.' : `; did you mean "${near}"?`} It has ${listOf(names)}`,
      { details: { source: this.context.source, column: name } },
    );
  }

  /** What messages call the batch. */
  get subject(): string {
    return this.context.subject ?? `source "${this.context.source}"`;
  }

  /** The good dataset of another source; null when it has none. */
  tableOf(source: string): ReferencedTable | null {
    return this.#references.get(source) ?? null;
  }

  /** A column whose values are of one of these kinds. @throws PerennialError EXPECTATION_INVALID for any other */
  columnOf(name: string, kinds: readonly ValueKind[], expect: Expectation['expect']): TestedColumn {
    const column = this.column(name);
    if (kinds.includes(column.kind)) return column;
    throw new PerennialError(
      EXPECTATION_INVALID,
      `${expect} of ${this.subject} needs ${kinds.join(' or ')}, and column "${name}" is ${column.type}`,
      { details: { source: this.context.source, column: name } },
    );
  }
}

const SHOWN_NAMES = 40;

function listOf(names: readonly string[]): string {
  const more = names.length - SHOWN_NAMES;
  return names.slice(0, SHOWN_NAMES).join(', ') + (more > 0 ? ` and ${String(more)} more` : '');
}

function testedColumn({ name, type }: Column): TestedColumn {
  const sql = quoteName(name);
  const mayBeNaN = type === 'DOUBLE' || type === 'FLOAT';
  return {
    name,
    type,
    kind: valueKind(type),
    sql,
    present: mayBeNaN ? `(${sql} IS NOT NULL AND NOT isnan(${sql}))` : `(${sql} IS NOT NULL)`,
  };
}

function valueKind(type: string): ValueKind {
  if (type.endsWith(']')) return 'list';
  if (isNumeric(type) || isWideInteger(type)) return 'number';
  if (isTimestamp(type) || type === 'DATE') return 'time';
  if (type === 'VARCHAR' || type.startsWith('ENUM')) return 'text';
  return type === 'BOOLEAN' ? 'boolean' : 'other';
}
