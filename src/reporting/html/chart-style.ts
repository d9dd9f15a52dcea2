/**
 * The look of charts whose curves are told apart by runs. Runs differ in colour and in dashes, so that they can be told apart without colours.
 */
export const CHART_STYLE = `
:root {
  --run-0: #0369a1; --run-1: #b45309; --run-2: #047857; --run-3: #7c3aed;
  --run-4: #be123c; --run-5: #0f766e; --run-6: #a16207; --run-7: #4b5563;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --run-0: #38bdf8; --run-1: #fbbf24; --run-2: #34d399; --run-3: #c4b5fd;
    --run-4: #fb7185; --run-5: #2dd4bf; --run-6: #fde047; --run-7: #cbd5e1;
  }
}
.run-0 { color: var(--run-0); --dash: none; }
.run-1 { color: var(--run-1); --dash: 7 3; }
.run-2 { color: var(--run-2); --dash: 2 2; }
.run-3 { color: var(--run-3); --dash: 9 3 2 3; }
.run-4 { color: var(--run-4); --dash: 4 4; }
.run-5 { color: var(--run-5); --dash: 12 3; }
.run-6 { color: var(--run-6); --dash: 2 5; }
.run-7 { color: var(--run-7); --dash: 9 3 2 3 2 3; }
figcaption { margin-bottom: .35rem; max-width: 46rem; overflow-wrap: anywhere; }
.note { color: var(--soft); font-size: .875rem; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1.25rem; list-style: none; margin: 0 0 .25rem; padding: 0; font-size: .875rem; overflow-wrap: anywhere; }
.legend li { display: flex; gap: .5rem; align-items: center; }
.plot { overflow: visible; }
.area { overflow: visible; }
.plot path, .plot line, .legend line { vector-effect: non-scaling-stroke; }
.plot .line, .legend .line { fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linejoin: round; stroke-dasharray: var(--dash, none); }
.plot .point { fill: none; stroke: currentColor; stroke-width: 7; stroke-linecap: round; }
.curve .fill { fill: currentColor; opacity: .16; }
.plot text { font-size: 11px; paint-order: stroke; stroke: var(--page); stroke-width: 3px; stroke-linejoin: round; }
.plot .ticks text { fill: var(--soft); }
.plot .tick { stroke: var(--soft); }
.plot .mark line { stroke: var(--text); stroke-width: 1; stroke-dasharray: 3 3; opacity: .7; }
`;
