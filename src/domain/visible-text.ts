/** Control characters, and the marks that make text read in another order than it is written in. */
const HIDDEN = /\r\n|[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text of others as it may be shown: what would act on a terminal, end a header field or reorder a line is written as
 * `\u001b`. Tabs and line feeds stay.
 */
export function visibleText(text: string): string {
  return text.replaceAll(HIDDEN, (found) => {
    if (found === '\r\n') return '\n';
    return found === '\t' || found === '\n' ? found : escaped(found);
  });
}

/** JSON that is safe to print: the same value, nothing in it that a terminal acts on. */
export function visibleJson(value: unknown, indent = 2): string {
  // JSON escapes control characters up to U+001F itself; line feeds between its parts are its own.
  return JSON.stringify(value, null, indent).replaceAll(HIDDEN, (found) =>
    found === '\n' ? found : escaped(found),
  );
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
