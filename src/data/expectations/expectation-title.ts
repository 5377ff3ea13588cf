import type { Expectation } from '../../contracts/spec/expectations.ts';
import { assertNever } from '../../errors/assert-never.ts';
import { boundsText } from './bounds.ts';

/** An expectation as a person reads it, such as `between(age, 0 to 120)`. */
export function expectationTitle(e: Expectation): string {
  const about = subject(e);
  return about === '' ? e.expect : `${e.expect}(${about})`;
}

/** The columns that an expectation is about; none where it is about the batch. */
export function expectationColumns(e: Expectation): readonly string[] {
  if ('columns' in e) return e.columns ?? [];
  if (e.expect === 'compare') return [e.column, e.other];
  return 'column' in e ? [e.column] : [];
}

const SHOWN = 8;

function list(values: readonly unknown[]): string {
  const more = values.length - SHOWN;
  return values.slice(0, SHOWN).join(', ') + (more > 0 ? ` and ${String(more)} more` : '');
}

function subject(e: Expectation): string {
  switch (e.expect) {
    case 'unique':
    case 'columns':
      return list(e.columns);
    case 'no_pii':
      return list([...(e.columns ?? []), ...(e.kinds ? [`kinds ${list(e.kinds)}`] : [])]);
    case 'row_count':
    case 'column_count':
      return '';
    case 'between':
    case 'length':
    case 'mean':
    case 'median':
    case 'stdev':
    case 'sum':
    case 'minimum':
    case 'maximum':
    case 'distinct_count':
    case 'distinct_share':
    case 'non_null_share':
      return `${e.column}, ${boundsText(e)}`;
    case 'in_set':
    case 'not_in_set':
    case 'distinct_in_set':
    case 'distinct_contains':
    case 'distinct_equals':
    case 'most_common':
      return `${e.column}: ${list(e.values)}`;
    case 'matches':
    case 'not_matches':
      return `${e.column}, ${e.pattern}`;
    case 'date_format':
      return `${e.column}, ${e.format}`;
    case 'quantiles':
      return `${e.column}, ${list(e.quantiles.map((quantile) => quantile.at))}`;
    case 'z_score':
    case 'kl_divergence':
      return `${e.column}, below ${String(e.max)}`;
    case 'compare':
      return `${e.column} ${e.operator} ${e.other}`;
    case 'sum_equals':
      return `${e.columns.join(' + ')} = ${String(e.total)}`;
    case 'references':
      return `${e.column} -> ${e.source}.${e.sourceColumn}`;
    case 'type':
      return `${e.column}, ${Array.isArray(e.type) ? e.type.join(' or ') : e.type}`;
    case 'no_rows':
      return e.name;
    case 'not_null':
    case 'null':
    case 'date_parseable':
    case 'json_parseable':
    case 'increasing':
    case 'decreasing':
    case 'fresh':
      return e.column;
    default:
      return assertNever(e, 'expectation');
  }
}
