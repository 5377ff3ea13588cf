import { marked } from 'marked';
import { expect, it } from 'vitest';
import { renderCard } from '../../../src/domain/card/render-card.ts';
import { HOSTILE } from './hostile-strings.ts';
import { htmlStructure } from './html-structure.ts';
import { cardFactsOf } from './texts-everywhere.ts';

// An address that is shown may be clickable: it leads where it says. Everything else of GitHub's Markdown is judged.
marked.use({ gfm: true, async: false, tokenizer: { url: () => undefined } });

const structureOf = (text: string): string[] =>
  htmlStructure(marked.parse(renderCard(cardFactsOf(text)), { async: false }));

it.each(HOSTILE)('a model card shows %s as text', (_what, text) => {
  expect(structureOf(text)).toEqual(structureOf('x'));
  expect(renderCard(cardFactsOf(text))).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/u);
});
