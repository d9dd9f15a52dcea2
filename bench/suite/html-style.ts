/**
 * What the page of a benchmark adds to the look of all pages: a colour for each variant.
 */
import { BASE_STYLE } from '../../src/reporting/html/style.js';

export const STYLE = `${BASE_STYLE}
:root { --javascript: #b45309; --scalar: #7c3aed; --simd: #0369a1; --threads: #047857; --native: #be123c; }
@media screen and (prefers-color-scheme: dark) {
  :root { --javascript: #fbbf24; --scalar: #c4b5fd; --simd: #38bdf8; --threads: #34d399; --native: #fb7185; }
}
p, .session { color: var(--soft); max-width: 46rem; }
p.verdict { color: var(--text); margin: .25rem 0; }
.session { padding-left: 1.1rem; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; }
svg { width: 100%; max-width: 34rem; height: auto; }
svg .chart-title { font-weight: 600; font-size: 13px; }
svg .tick { fill: var(--soft); font-size: 11px; }
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
tbody th[scope=rowgroup] { font-weight: 600; text-align: right; }
thead th:nth-child(2) { text-align: left; }
tbody:nth-of-type(odd) { background: var(--stripe); }
@media print {
  .charts { grid-template-columns: 1fr 1fr; }
}
`;
