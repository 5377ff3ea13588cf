const MAX_DEPTH = 32;
/** Each array and object costs the heap ten times its brackets: 32 MiB of them would be the end of the process. */
const MAX_PARTS = 1_000_000;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** What makes JSON text too large to be parsed, told before it is; null when it may be. */
export function jsonExcess(text: string): string | null {
  let depth = 0;
  let parts = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth += 1;
        parts += 1;
        if (depth > MAX_DEPTH) return `is nested more than ${String(MAX_DEPTH)} deep`;
        if (parts > MAX_PARTS) return `has more than ${String(MAX_PARTS)} arrays and objects`;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth -= 1;
    }
  }
  return null;
}

/** Where the string that begins here ends; the end of the text for one that doesn't. */
function endOfString(text: string, start: number): number {
  let end = start;
  do end = text.indexOf('"', end + 1);
  while (end !== -1 && isEscaped(text, end));
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, quote: number): boolean {
  let before = quote - 1;
  while (text.charCodeAt(before) === BACKSLASH) before -= 1;
  return (quote - before) % 2 === 0;
}
