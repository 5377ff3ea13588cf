import { html } from '../../api/html-page.ts';
import type { Html } from '../../api/html-page.ts';

const STYLE = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}code{word-break:break-all}.note{color:#777;margin:.2rem 0}
table{border-collapse:collapse;margin:.6rem 0}td,th{text-align:right;padding:.25rem .8rem .25rem 0;border-bottom:1px solid #8884}
td:first-child,th:first-child{text-align:left}td.text{text-align:left}.verdict{font-weight:600;font-size:1.1rem}
.pass{color:#1a7a3c}.fail{color:#c0392b}.insufficient_data,.error{color:#b9770e}
svg circle{fill:#2a7ae2;fill-opacity:.6}svg .frame{fill:none;stroke:#888}svg .zero{stroke:#888;stroke-dasharray:3 3}svg .bar{stroke:#2a7ae2;stroke-width:3}`;

/** A whole page that needs no server, no script and nothing from elsewhere. */
export function reportPage(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        <style>
          ${STYLE_TEXT}
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
        <p class="note">Perennial</p>
      </body>
    </html>`.html;
}

/** Style is no text of the page: nothing in it is escaped. */
const STYLE_TEXT: Html = { html: STYLE };

const NUMBER = /^[-+–\d.e% …]*$/;

export function table(head: readonly string[], rows: readonly (readonly string[])[]): Html {
  return html`<table>
    <thead>
      <tr>
        ${head.map((cell) => html`<th>${cell}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map((cell) => (NUMBER.test(cell) ? html`<td>${cell}</td>` : html`<td class="text">${cell}</td>`))}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

export function verdictLine(verdict: { readonly kind: string; readonly reason: string }): Html {
  return html`<p class="verdict ${verdict.kind}">${verdict.kind}: ${verdict.reason}</p>`;
}
