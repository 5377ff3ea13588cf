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

/** Text as it may stand in an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return visibleText(text).replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

function render(value: string | number | Html | readonly Html[]): string {
  if (typeof value === 'object')
    return 'html' in value ? value.html : value.map((part) => part.html).join('');
  return escapeHtml(String(value));
}

/** A template whose values are escaped, unless they are HTML already. */
export function html(
  parts: TemplateStringsArray,
  ...values: (string | number | Html | readonly Html[])[]
): Html {
  return { html: parts.reduce((text, part, index) => text + render(values[index - 1] ?? '') + part) };
}
