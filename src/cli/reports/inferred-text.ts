/** A choice that nobody made, said aloud. */
export function inferredText({
  what,
  value,
  why,
}: {
  readonly what: string;
  readonly value: string;
  readonly why: string;
}): string {
  return `assumed ${what}: ${value} (${why})`;
}
