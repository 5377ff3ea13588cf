import { recognisePii } from './recognise-pii.ts';

/** A value as its form alone: letters as x, digits as #. */
export function maskText(text: string): string {
  return text
    .replaceAll(/\p{Lu}/gu, 'X')
    .replaceAll(/\p{L}/gu, (c) => (c === 'X' ? 'X' : 'x'))
    .replaceAll(/\p{N}/gu, '#');
}

/** A text in which all personal data that is recognised is masked. */
export function maskPii(text: string, columnName = ''): string {
  let masked = '';
  let from = 0;
  for (const { start, end } of recognisePii(text, columnName)) {
    masked += text.slice(from, start) + maskText(text.slice(start, end));
    from = end;
  }
  return masked + text.slice(from);
}
