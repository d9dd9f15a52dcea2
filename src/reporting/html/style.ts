/**
 * The look that all pages share: light and dark, phone and desk, print.
 */
export const BASE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #fff; --text: #1b1f24; --soft: #57606a; --rule: #d5dae0; --stripe: #f5f7f9;
}
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #14171b; --text: #e6e9ed; --soft: #9aa5b1; --rule: #333a43; --stripe: #1c2127; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 66rem;
  background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
figure { margin: 0; }
svg { display: block; font: 12px system-ui, sans-serif; }
svg text { fill: var(--text); }
svg .grid { stroke: var(--rule); }
.scroll { overflow-x: auto; margin-top: 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap; }
thead th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--rule); }
tbody th { font-weight: 400; text-align: left; vertical-align: top; }
@media (max-width: 40rem) {
  body { padding: 1rem .75rem 2rem; }
  th, td { padding: .25rem .4rem; }
}
@media print {
  :root { color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .scroll { overflow: visible; }
  table { font-size: 8pt; }
  figure, tbody { break-inside: avoid; }
  h2 { break-after: avoid; }
}
`;
