const LOWER_IS_BETTER: ReadonlySet<string> = new Set([
  'brier',
  'ece',
  'logLoss',
  'mae',
  'mape',
  'maxError',
  'medianAbsoluteError',
  'mse',
  'pinball',
  'rmse',
  'topItemShare',
]);

/** Whether a model with more of a metric is the better one, where a gate does not say. */
export function higherIsBetter(metric: string): boolean {
  return !LOWER_IS_BETTER.has(metric);
}
