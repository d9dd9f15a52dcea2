/**
 * What the page of a benchmark adds to the look of all pages: a colour for each variant.
 */
import { CHART_STYLE } from '../../src/reporting/html/chart-style.js';
import { BASE_STYLE } from '../../src/reporting/html/style.js';

export const STYLE = `${BASE_STYLE}${CHART_STYLE}
:root { --javascript: #b45309; --scalar: #7c3aed; --simd: #0369a1; --threads: #047857; --native: #be123c; }
@media screen and (prefers-color-scheme: dark) {
  :root { --javascript: #fbbf24; --scalar: #c4b5fd; --simd: #38bdf8; --threads: #34d399; --native: #fb7185; }
}
p, .session { color: var(--soft); max-width: 46rem; }
p.verdict { color: var(--text); margin: .25rem 0; }
.session { padding-left: 1.1rem; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; }
.charts svg { width: 100%; max-width: 34rem; height: auto; }
.charts .chart-title { font-weight: 600; font-size: 13px; }
.charts .tick { fill: var(--soft); font-size: 11px; }
.charts .level { stroke: var(--soft); stroke-dasharray: 2 3; }
.charts .line { color: var(--text); }
.charts .memory { color: var(--soft); }
.charts .javascript { color: var(--javascript); }
.charts .scalar { color: var(--scalar); }
.charts .simd { color: var(--simd); }
.charts .threads { color: var(--threads); }
.charts .native, .charts .native-threads { color: var(--native); }
.charts polyline { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
.charts .native-threads polyline { stroke-dasharray: 6 4; }
.charts .mark { fill: currentColor; stroke: var(--page); stroke-width: 1; }
.charts .label { fill: currentColor; }
tbody th[scope=rowgroup] { font-weight: 600; text-align: right; }
thead th:nth-child(2) { text-align: left; }
tbody:nth-of-type(odd) { background: var(--stripe); }
@media print {
  .charts { grid-template-columns: 1fr 1fr; }
}
`;
