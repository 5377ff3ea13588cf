/** Ends a switch over a closed union: the compiler refuses a case that was forgotten. */
export function assertNever(value: never, what = 'case'): never {
  throw new TypeError(`unexpected ${what}: ${JSON.stringify(value)}`);
}
