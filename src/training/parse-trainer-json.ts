/** A string, or a word that JSON lacks and that Python, among others, writes where a number is not finite. */
const STRING_OR_NOT_FINITE = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\bInfinity\b|\bNaN\b/g;

/**
 * Parses JSON as trainers write it: a number that is not finite is null.
 * @throws SyntaxError where it is no JSON even so
 */
export function parseTrainerJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const finite = text.replace(STRING_OR_NOT_FINITE, (found) => (found.startsWith('"') ? found : 'null'));
    return JSON.parse(finite);
  }
}
