/** What those that succeeded answered. */
export function fulfilled<T>(settled: readonly PromiseSettledResult<T>[]): T[] {
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
