/**
 * What a report's page adds to the look of all pages.
 */
import { CHART_STYLE } from './chart-style.js';

export const REPORT_STYLE = `${CHART_STYLE}
:root {
  --good: #047857; --fair: #a15c07; --poor: #be123c; --track: #e9edf1;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --good: #34d399; --fair: #fbbf24; --poor: #fb7185; --track: #262d35;
  }
}
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; overflow-wrap: anywhere; }
h3::before, .run-name span::before { content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .5em; border-radius: 2px; background: currentColor; }
.headlines { display: grid; gap: .75rem; }
.headline { display: flex; gap: 1rem; align-items: flex-start; padding: .9rem 1rem; border: 1px solid var(--rule); border-left: 4px solid currentColor; border-radius: 6px; }
.headline > div:last-child { color: var(--text); min-width: 0; overflow-wrap: anywhere; }
.headline p { margin: 0 0 .25rem; }
.headline p:last-child { margin: 0; }
.headline .facts { color: var(--soft); font-size: .875rem; }
.about thead th { text-align: left; }
.about td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.causes .total th, .causes .total td { border-top: 1px solid var(--rule); font-weight: 600; }
.headline .deductions { color: var(--soft); font-size: .875rem; }
.headline .advice { margin-top: .5rem; font-weight: 600; }
.headline .advice a { font-weight: 400; color: inherit; white-space: nowrap; }
.run-name { font-weight: 600; }
.headlines .headline:only-child { border-left-color: var(--rule); }
.score { flex: none; width: 4.75rem; text-align: center; line-height: 1.1; color: var(--soft); font-size: .8rem; }
.score b { display: block; font-size: 2.1rem; font-variant-numeric: tabular-nums; }
.score.good b { color: var(--good); }
.score.fair b { color: var(--fair); }
.score.poor b { color: var(--poor); }
.recommendations { padding-left: 1.2rem; margin: 0; max-width: 46rem; }
.recommendations li { margin: 0 0 .4rem; overflow-wrap: anywhere; }
section > figure, .beside > figure, .below > figure { margin: 1.5rem 0 0; }
.words p, p.words { margin: .25rem 0; color: var(--soft); }
caption { text-align: left; color: var(--soft); padding: 0 .6rem .35rem 0; white-space: normal; }
table.figures { width: auto; min-width: min(100%, 24rem); }
table.figures th[scope=row] { padding-left: 0; }
tbody tr { border-bottom: 1px solid var(--rule); }
tbody tr:last-child { border-bottom: 0; }
.value { display: block; }
td { vertical-align: top; }
.change { display: block; color: var(--soft); font-size: .75rem; }
.change.better { color: var(--good); }
.change.worse { color: var(--poor); }
thead th { vertical-align: bottom; white-space: normal; overflow-wrap: break-word; max-width: 14rem; }
thead th:first-child { text-align: left; padding-left: 0; }
tbody th { padding-left: 0; }
td.bar { width: 30%; min-width: 4rem; }
td.bar rect { fill: var(--run-0); opacity: .7; }
td.bar rect.track { fill: var(--track); opacity: 1; }
td.bar svg { margin-top: .35rem; }
.causes rect + rect { fill: var(--poor); }
.phases rect + rect { fill: var(--soft); }
.beside { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 1fr); gap: 2rem; align-items: start; }
.beside .scroll { margin-top: 1.5rem; }
.track { fill: var(--track); }
.lane rect { fill: var(--run-0); }
.lane rect.odd { opacity: .62; }
.lane.copy rect { fill: var(--run-1); }
.lane-texts text { font-size: 12px; }
@media (max-width: 48rem) { .beside { display: block; } }
@media (max-width: 40rem) {
  caption { max-width: calc(100vw - 1.5rem); }
  table.figures th, table.figures td, #batch-sizes td { white-space: normal; padding-left: .3rem; padding-right: .3rem; }
  table.figures th:first-child { padding-left: 0; }
  #batch-sizes td.bar { display: none; }
  .headline { padding: .7rem .75rem; gap: .75rem; }
  .score { width: 3.75rem; }
}
@media print {
  .headline, tr { break-inside: avoid; }
  .scroll { max-height: none; }
  .lane rect, .track, .curve .fill, td.bar rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
