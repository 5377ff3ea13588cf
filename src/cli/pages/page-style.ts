/** One style for all reports: light, dark, narrow and on paper. Colours keep a contrast of at least 4.5 with the page. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1c2733; --dim: #5a6673; --line: #dce1e7; --back: #fff; --card: #f7f9fb;
  --reference: #8a96a3; --current: #1769c7; --good: #17703f; --bad: #b3261e; --warn: #855c00 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaef; --dim: #a3aeb9; --line: #333d48; --back: #14191f; --card: #1b222a;
  --reference: #8f9baa; --current: #6fb1ff; --good: #6fd39d; --bad: #ff8a80; --warn: #f0c15c } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 0 auto; max-width: 1180px; padding: 24px 20px }
h1 { font-size: 16px; font-weight: 500; color: var(--dim); margin: 0; overflow-wrap: anywhere }
h2 { font-size: 18px; margin: 32px 0 8px; overflow-wrap: anywhere } h3 { font-size: 15px; margin: 0 0 4px; overflow-wrap: anywhere }
p { margin: 4px 0 } a { color: inherit; text-decoration-color: var(--line); text-underline-offset: 3px }
code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere } .dim, footer { color: var(--dim) } footer { margin-top: 32px; font-size: 13px }
.banner { border-left: 6px solid currentColor; background: var(--card); border-radius: 4px; padding: 10px 16px; margin: 8px 0 12px; overflow-wrap: anywhere }
.banner p { color: var(--ink) } .banner .headline { font-size: 20px; font-weight: 600; line-height: 1.35; margin: 0; color: inherit }
.pass, .stable, .none { color: var(--good) } .fail, .drifted, .missing, .pii { color: var(--bad) }
.insufficient_data, .error, .possible, .skipped { color: var(--warn) } td.state { font-weight: 600; white-space: nowrap }
ul.notes { color: var(--dim); padding-left: 18px; margin: 8px 0; font-size: 14px }
.scroll { overflow-x: auto; margin: 8px 0 16px } table { border-collapse: collapse; font-size: 14px } table.wide { width: 100% }
caption { text-align: left; color: var(--dim); padding-bottom: 4px } thead th { color: var(--dim); font-weight: 500; vertical-align: bottom }
th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top } tbody th { font-weight: 500 }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.wide tbody th, .wide td.code { overflow-wrap: anywhere; min-width: 9em } .wide td.text { overflow-wrap: break-word }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(340px, 100%), 1fr)); gap: 16px; margin: 12px 0 }
.card { border: 1px solid var(--line); border-radius: 8px; padding: 14px; min-width: 0; break-inside: avoid } .card p { font-size: 13px }
svg { max-width: 100%; height: auto; display: block; margin: 8px 0 } svg text { fill: var(--dim); font: 11px system-ui, sans-serif }
svg .axis { stroke: var(--dim); fill: none } svg .dash { stroke: var(--dim); stroke-dasharray: 3 3 } svg .current { stroke: var(--current); fill: var(--current) }
svg .beyond { fill: var(--bad); fill-opacity: .13 }
.key { display: flex; flex-wrap: wrap; gap: 2px 20px; margin: 8px 0 } .key i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 6px }
dl { display: grid; grid-template-columns: 1fr max-content; gap: 2px 16px; font-size: 14px; margin: 8px 0 } dt { color: var(--dim) } dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums }
@media (max-width: 640px) {
  body { padding: 16px 12px }
  .stacked, .stacked tbody, .stacked tr, .stacked th, .stacked td { display: block; width: 100% } .stacked thead { display: none }
  .stacked tr { border-bottom: 1px solid var(--line); padding: 8px 0 } .stacked th, .stacked td { border: 0; padding: 1px 0 }
  .stacked td.number { display: inline-block; width: auto; margin-right: 16px; text-align: left; white-space: normal } .stacked td.empty { display: none } .stacked td::before { content: attr(data-name) " "; color: var(--dim); font-weight: 400; font-family: system-ui, sans-serif }
}
@media print { :root { --ink: #000; --dim: #444; --line: #bbb; --back: #fff; --card: #fff; --reference: #8a96a3; --current: #1769c7; --good: #17703f; --bad: #b3261e; --warn: #855c00 }
  body { max-width: none; padding: 0; font-size: 12px; print-color-adjust: exact; -webkit-print-color-adjust: exact } .scroll { overflow: visible } tr { break-inside: avoid } thead { display: table-header-group } h2 { break-after: avoid } }
`;
