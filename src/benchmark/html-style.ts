/**
 * The look of the page: light and dark, phone and desk, print.
 */
export const STYLE = `
:root {
  --page: #fff; --text: #1b1f24; --soft: #59636e; --rule: #d5dae0; --stripe: #f5f7f9;
  --javascript: #b45309; --scalar: #7c3aed; --simd: #0369a1; --threads: #047857; --native: #be123c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --text: #e6e9ed; --soft: #9aa5b1; --rule: #333a43; --stripe: #1c2127;
    --javascript: #fbbf24; --scalar: #c4b5fd; --simd: #38bdf8; --threads: #34d399; --native: #fb7185;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 66rem;
  background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.6rem; margin: 0 0 .75rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
p, .session { color: var(--soft); max-width: 46rem; }
.session { padding-left: 1.1rem; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; }
figure { margin: 0; }
svg { display: block; width: 100%; max-width: 34rem; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--text); }
svg .chart-title { font-weight: 600; font-size: 13px; }
svg .tick { fill: var(--soft); font-size: 11px; }
svg .grid { stroke: var(--rule); }
svg .level { stroke: var(--soft); stroke-dasharray: 2 3; }
svg .line { color: var(--text); }
svg .memory { color: var(--soft); }
svg .javascript { color: var(--javascript); }
svg .scalar { color: var(--scalar); }
svg .simd { color: var(--simd); }
svg .threads { color: var(--threads); }
svg .native, svg .native-threads { color: var(--native); }
svg polyline { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
svg .native-threads polyline { stroke-dasharray: 6 4; }
svg .mark { fill: currentColor; stroke: var(--page); stroke-width: 1; }
svg .label { fill: currentColor; }
.scroll { overflow-x: auto; margin-top: 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap; }
thead th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--rule); }
tbody th { font-weight: 400; text-align: left; vertical-align: top; }
tbody th[scope=rowgroup] { font-weight: 600; text-align: right; }
thead th:nth-child(2) { text-align: left; }
tbody:nth-of-type(odd) { background: var(--stripe); }
@media (max-width: 40rem) {
  body { padding: 1rem .75rem 2rem; }
  th, td { padding: .25rem .4rem; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  .charts { grid-template-columns: 1fr 1fr; }
  .scroll { overflow: visible; }
  table { font-size: 8pt; }
  figure, tbody { break-inside: avoid; }
  h2 { break-after: avoid; }
}
`;
