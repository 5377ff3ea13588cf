/** The day that budgets count by, in UTC. */
export function budgetDay(now: number): string {
  return new Date(now).toISOString().slice(0, 10);
}
