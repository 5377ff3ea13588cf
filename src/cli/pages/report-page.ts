import { html } from '../../platform/html-template.ts';
import type { Html } from '../../platform/html-template.ts';
import { PAGE_STYLE } from './page-style.ts';

/** Nothing from elsewhere, no script, no form: whatever a data file holds can't do more than be read. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
const STYLE: Html = { html: `<style>${PAGE_STYLE}</style>` };

export interface ReportPage {
  /** What was done with what, such as `Drift of today.csv`. */
  readonly title: string;
  /** The one line for somebody who reads no further, in the colour of `state`. */
  readonly headline: string;
  readonly state: string;
  /** What explains the headline, a sentence each. */
  readonly because?: readonly string[];
  /** What the reader of the numbers must know. */
  readonly notes: readonly string[];
  readonly body: Html;
}

/** A report as one page that needs no server, no script and nothing from elsewhere. */
export function reportPage({ title, headline, state, because = [], notes, body }: ReportPage): string {
  return `${
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
          <meta name="viewport" content="width=device-width,initial-scale=1" />
          <title>${title}</title>
          ${STYLE}
        </head>
        <body>
          <header>
            <h1>${title}</h1>
            <div class="banner ${state}">
              <p class="headline">${headline}</p>
              ${because.map((line) => html`<p>${line}</p>`)}
            </div>
          </header>
          <main>
            ${body}
            ${
              notes.length === 0
                ? ''
                : html`<ul class="notes">
                    ${notes.map((note) => html`<li>${note}</li>`)}
                  </ul>`
            }
          </main>
          <footer>Perennial</footer>
        </body>
      </html>`.html
  }\n`;
}
