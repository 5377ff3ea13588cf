import { defaultTreeAdapter, parse } from 'parse5';
import type { DefaultTreeAdapterTypes } from 'parse5';

type Node = DefaultTreeAdapterTypes.Node;

/** What they hold is read out or shown as text; `srcdoc` is a document of its own, which is judged by itself. */
const TEXT_ATTRIBUTES = new Set(['aria-label', 'data-name', 'srcdoc']);

/**
 * What a browser makes of a page but its text: each element, attribute and comment in its place. Two pages of one
 * template have the same structure unless a text became more than text.
 */
export function htmlStructure(page: string): string[] {
  const lines: string[] = [];
  walk(parse(page), 0, (node, depth) => {
    if (defaultTreeAdapter.isCommentNode(node)) lines.push(`${' '.repeat(depth)}a comment`);
    if (!defaultTreeAdapter.isElementNode(node)) return;
    const attributes = node.attrs.map(({ name, value }) =>
      TEXT_ATTRIBUTES.has(name) ? name : `${name}=${value}`,
    );
    lines.push(`${' '.repeat(depth)}${[node.tagName, ...attributes].join(' ')}`);
  });
  return lines;
}

/** All text of a page, its white space as a reader sees it. */
export function htmlText(page: string): string {
  const parts: string[] = [];
  walk(parse(page), 0, (node) => {
    if (defaultTreeAdapter.isTextNode(node)) parts.push(node.value);
  });
  return oneSpace(parts.join(' '));
}

export const oneSpace = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** The values of one attribute, wherever it stands. */
export function attributeValues(page: string, wanted: string): string[] {
  const values: string[] = [];
  walk(parse(page), 0, (node) => {
    if (!defaultTreeAdapter.isElementNode(node)) return;
    for (const { name, value } of node.attrs) if (name === wanted) values.push(value);
  });
  return values;
}

function walk(node: Node, depth: number, visit: (node: Node, depth: number) => void): void {
  visit(node, depth);
  if ('childNodes' in node) for (const child of node.childNodes) walk(child, depth + 1, visit);
}
