import type { Expectation } from '../../contracts/spec/expectations.ts';
import { EXPECTATION_INVALID } from '../../errors/data-errors.ts';
import { assertNever } from '../../errors/assert-never.ts';
import { errorDefinitions, isPerennialError, PerennialError } from '../../errors/define-error.ts';
import { Batch } from './batch.ts';
import type { ExpectationContext } from './batch.ts';
import type { ExpectationResult, Finding } from './expectation-result.ts';
import { expectationColumns, expectationTitle } from './expectation-title.ts';
import { judgeDistinct, judgeDivergence, judgeMostCommon } from './judge-distinct.ts';
import { judgeKeys } from './judge-keys.ts';
import { judgeNoPii } from './judge-no-pii.ts';
import { judgeOrder, judgeRows, judgeZScores } from './judge-rows.ts';
import { judgeQuantiles, judgeStatistic } from './judge-statistics.ts';
import {
  judgeColumnCount,
  judgeColumns,
  judgeFreshness,
  judgeNoRows,
  judgeRowCount,
  judgeType,
} from './judge-table.ts';

/**
 * Tests a batch, all expectations by as few passes over it as they allow. Semantics of Great Expectations: nulls
 * neither pass nor fail (but in `not_null` and `null`), `mostly` is the share of the non-null rows under `where` that
 * must conform, and no rows at all conform.
 * @throws PerennialError EXPECTATION_INVALID for columns that are not there or of another kind, SQL_INVALID for wrong
 *   SQL; with more than one fault, each is a problem of the first's error
 */
export async function judgeExpectations(
  expectations: readonly Expectation[],
  context: ExpectationContext,
): Promise<ExpectationResult[]> {
  if (expectations.length === 0) return [];
  const batch = await Batch.open(context, expectations);
  const settled = await Promise.allSettled(
    expectations.map(async (e) => ({
      title: expectationTitle(e),
      expect: e.expect,
      columns: expectationColumns(e),
      ...(await judge(e, batch)),
    })),
  );
  const faults = settled.flatMap((one, i) =>
    one.status === 'rejected' ? [{ error: one.reason as unknown, index: i }] : [],
  );
  if (faults.length > 0) throw faultOf(faults);
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** One line for each expectation that a batch fails, with counts and up to three offending values. */
export async function failedExpectations(
  expectations: readonly Expectation[],
  context: ExpectationContext,
): Promise<string[]> {
  const results = await judgeExpectations(expectations, context);
  return results.filter((result) => result.verdict === 'fail').map(failureLine);
}

/** A result as one line, with counts and up to three offending values. */
export function failureLine({ title, reason, samples }: ExpectationResult): string {
  return `${title}: ${reason}${samples.length === 0 ? '' : `, such as ${samples.join(', ')}`}`;
}

async function judge(e: Expectation, batch: Batch): Promise<Finding> {
  switch (e.expect) {
    case 'not_null':
    case 'null':
    case 'between':
    case 'in_set':
    case 'not_in_set':
    case 'matches':
    case 'not_matches':
    case 'length':
    case 'date_format':
    case 'date_parseable':
    case 'json_parseable':
    case 'compare':
    case 'sum_equals':
    case 'references':
      return judgeRows(e, batch);
    case 'unique':
      return judgeKeys(e, batch);
    case 'increasing':
    case 'decreasing':
      return judgeOrder(e, batch);
    case 'z_score':
      return judgeZScores(e, batch);
    case 'mean':
    case 'median':
    case 'stdev':
    case 'sum':
    case 'minimum':
    case 'maximum':
    case 'distinct_count':
    case 'distinct_share':
    case 'non_null_share':
      return judgeStatistic(e, batch);
    case 'quantiles':
      return judgeQuantiles(e, batch);
    case 'distinct_in_set':
    case 'distinct_contains':
    case 'distinct_equals':
      return judgeDistinct(e, batch);
    case 'most_common':
      return judgeMostCommon(e, batch);
    case 'kl_divergence':
      return judgeDivergence(e, batch);
    case 'fresh':
      return judgeFreshness(e, batch);
    case 'row_count':
      return judgeRowCount(e, batch);
    case 'column_count':
      return judgeColumnCount(e, batch);
    case 'columns':
      return judgeColumns(e, batch);
    case 'type':
      return judgeType(e, batch);
    case 'no_rows':
      return judgeNoRows(e, batch);
    case 'no_pii':
      return judgeNoPii(e, batch);
    default:
      return assertNever(e, 'expectation');
  }
}

/** What is no fault of an expectation, such as a cancelled job, is thrown as it is. */
function faultOf(faults: readonly { readonly error: unknown; readonly index: number }[]): unknown {
  const foreign = faults.find(({ error }) => !isPerennialError(error) || error.retry === 'later');
  if (foreign) return foreign.error;
  const coded = faults.flatMap(({ error, index }) => (isPerennialError(error) ? [{ error, index }] : []));
  const [first] = coded;
  if (!first || coded.length === 1) return first?.error;
  return new PerennialError(
    errorDefinitions().get(first.error.code) ?? EXPECTATION_INVALID,
    `${String(coded.length)} expectations cannot be judged; first: ${first.error.message}`,
    {
      details: first.error.details,
      problems: coded.map(({ error, index }) => ({
        path: `expectations[${String(index)}]`,
        message: error.message,
      })),
    },
  );
}
