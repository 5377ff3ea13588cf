import type { Gate } from '../../contracts/spec/training.ts';
import { higherIsBetter } from './metric-direction.ts';

export type MetricGate = Extract<Gate, { type: 'metric' }>;
export type MetricThresholds = Pick<MetricGate, 'metric' | 'min' | 'max' | 'vsChampion' | 'higherIsBetter'>;

/** One bound that a value was held to. `ok: null` = there was nothing to judge it by. */
export interface BoundCheck {
  readonly rule: 'min' | 'max' | 'minAbsoluteChange' | 'minRelativeChange' | 'finite';
  readonly bound: number | null;
  readonly ok: boolean | null;
  readonly text: string;
}

/** Rounding in `baseline + change` must not decide: 0.7 + 0.1 is a little less than 0.8. */
const ROUNDING = 1e-12;
/** What "better than zero" means for a relative change, as in TensorFlow Model Analysis and MLflow. */
const LEAST_GAIN_OVER_ZERO = 1e-10;

/**
 * Holds one value to its thresholds; every bound is reported, not only the first that is missed. Relative changes are
 * of the baseline's size, so that a negative baseline does not turn the test round.
 * @param value null = the data do not define the metric.
 * @param baseline The champion's value on the same rows; null = not defined there; undefined = there is no champion, and changes don't apply.
 */
export function assessThreshold(
  thresholds: MetricThresholds,
  value: number | null,
  baseline: number | null | undefined,
): BoundCheck[] {
  if (value === null) return [undefinedValue('the data do not define the metric')];
  if (!Number.isFinite(value))
    return [{ rule: 'finite', bound: null, ok: false, text: `${value} is no finite number` }];
  const { min, max, vsChampion } = thresholds;
  const checks: BoundCheck[] = [];
  if (min !== undefined) checks.push(bound('min', value, min, '>='));
  if (max !== undefined) checks.push(bound('max', value, max, '<='));
  if (vsChampion === undefined || baseline === undefined) return checks;
  if (baseline === null) return [...checks, undefinedValue("the data do not define the champion's value")];
  if (!Number.isFinite(baseline))
    return [
      ...checks,
      {
        rule: 'finite',
        bound: null,
        ok: false,
        text: `the champion's value ${baseline} is no finite number`,
      },
    ];
  const higher = thresholds.higherIsBetter ?? higherIsBetter(thresholds.metric);
  const sign = higher ? 1 : -1;
  const { minAbsoluteChange: absolute, minRelativeChange: relative } = vsChampion;
  const direction = higher ? '>=' : '<=';
  if (absolute !== undefined)
    checks.push(bound('minAbsoluteChange', value, baseline + sign * absolute, direction));
  if (relative !== undefined) {
    const change = baseline === 0 && relative > 0 ? LEAST_GAIN_OVER_ZERO : relative * Math.abs(baseline);
    checks.push(bound('minRelativeChange', value, baseline + sign * change, direction));
  }
  return checks;
}

function undefinedValue(why: string): BoundCheck {
  return { rule: 'finite', bound: null, ok: null, text: why };
}

function bound(rule: BoundCheck['rule'], value: number, limit: number, direction: '>=' | '<='): BoundCheck {
  const slack = rule === 'min' || rule === 'max' ? 0 : ROUNDING * Math.max(1, Math.abs(limit));
  const ok = direction === '>=' ? value >= limit - slack : value <= limit + slack;
  const missed = direction === '>=' ? 'below' : 'above';
  const held = direction === '>=' ? 'at least' : 'at most';
  return { rule, bound: limit, ok, text: `${show(value)} is ${ok ? held : missed} ${show(limit)} (${rule})` };
}

/** Five significant digits: enough to tell values apart, few enough to read. */
function show(value: number): string {
  return String(Number(value.toPrecision(5)));
}
