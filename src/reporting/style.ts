/** The style of a report: light on paper, light or dark on screen as the reader's system is. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1f1f1f; --quiet: #595959; --line: #c8c8c8; --paper: #ffffff; --band: #f4f4f1; --link: #1a5fb4; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e4e4e2; --quiet: #a9a9a6; --line: #4a4a4a; --paper: #1b1b1d; --band: #262629; --link: #8ab4f8; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; padding-top: .5rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .25rem; }
a { color: var(--link); }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .25rem .5rem; }
.quiet, caption, figcaption, .note { color: var(--quiet); }
li { margin: .3rem 0; }
nav ol { columns: 2 20rem; padding-left: 1.4rem; }
figure { margin: 1.25rem 0; break-inside: avoid; }
figure > .drawing { background: #ffffff; border: 1px solid var(--line); border-radius: 4px; padding: .5rem; overflow-x: auto; }
figure svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figcaption { font-size: .9rem; margin-top: .35rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; font-variant-numeric: tabular-nums;
  border-top: 2px solid var(--ink); border-bottom: 2px solid var(--ink); }
caption { text-align: left; padding: 0 0 .4rem; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-bottom: 1px solid var(--ink); vertical-align: bottom; }
tbody th { font-weight: normal; }
tbody tr:nth-child(even) { background: var(--band); }
.number { text-align: right; }
.interval { color: var(--quiet); white-space: nowrap; }
.text { white-space: pre-line; }
data { white-space: nowrap; }
details { margin: 1rem 0; }
summary { cursor: pointer; color: var(--quiet); font-size: .9rem; }
details caption { position: absolute; clip-path: inset(50%); height: 1px; width: 1px; overflow: hidden; }
.note, .files { font-size: .85rem; margin: .25rem 0 1rem; }
pre { background: var(--band); padding: .75rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8rem; }
@page { margin: 16mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  nav, .skip, .files, details { display: none; }
  h2, h3, caption { break-after: avoid; break-inside: avoid; }
  a { color: inherit; text-decoration: none; }
  table { font-size: 7.5pt; }
  th, td { padding-right: .35rem; }
  .interval { white-space: normal; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
  .scroll, figure > .drawing, pre { overflow: visible; }
  figure > .drawing { border: 0; padding: 0; }
}
`;
