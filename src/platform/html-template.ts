import { visibleText } from '../domain/visible-text.ts';

/** Text that is HTML already. Only `html` makes it, but for styles, in which nothing is escaped. */
export interface Html {
  readonly html: string;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(value: string | number | Html | readonly Html[]): string {
  if (typeof value === 'object')
    return 'html' in value ? value.html : value.map((part) => part.html).join('');
  return visibleText(String(value)).replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

/** A template whose values are escaped, unless they are HTML already. */
export function html(
  parts: TemplateStringsArray,
  ...values: (string | number | Html | readonly Html[])[]
): Html {
  return { html: parts.reduce((text, part, index) => text + render(values[index - 1] ?? '') + part) };
}
