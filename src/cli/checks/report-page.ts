import { html } from '../../api/html-page.ts';
import type { Html } from '../../api/html-page.ts';
import type { DataSummary } from './check-report.ts';

const STYLE = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.35rem .8rem .35rem 0;border-bottom:1px solid #8884;vertical-align:top}
td{overflow-wrap:anywhere}.number{text-align:right;white-space:nowrap}.note{color:#888}.fail,.pii{color:#c0392b;font-weight:600}.pass,.none{color:#1a7f4b}.possible,.skipped{color:#b7791f}`;

/** `orders.csv: 60 rows, 12 columns`. */
export function dataLine({ location, rows, columns, files }: DataSummary): string {
  const parts = files > 1 ? ` in ${String(files)} files` : '';
  return `${location}${parts}, ${String(rows)} rows, ${String(columns.length)} columns`;
}

/** A report as one self-contained page: no script, no style and no picture from elsewhere. */
export function reportPage(
  title: string,
  data: DataSummary,
  body: {
    readonly verdict: string;
    readonly headline: string;
    readonly notes: readonly string[];
    readonly table: Html;
  },
): string {
  const style: Html = { html: `<style>${STYLE}</style>` };
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  return `${
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width,initial-scale=1" />
          <meta http-equiv="Content-Security-Policy" content="${policy}" />
          <title>${title}</title>
          ${style}
        </head>
        <body>
          <h1>${title}</h1>
          <p><span class="${body.verdict}">${body.headline}</span></p>
          <p class="note">${dataLine(data)}</p>
          ${body.notes.map((note) => html`<p class="note">${note}</p>`)} ${body.table}
          <p class="note">Perennial</p>
        </body>
      </html>`.html
  }\n`;
}
