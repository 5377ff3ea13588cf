/** `2026-11-22 09:48:34 UTC`: an instant to the second, from milliseconds since the epoch or ISO 8601. */
export function utcTime(instant: string | number): string {
  return `${new Date(instant).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
