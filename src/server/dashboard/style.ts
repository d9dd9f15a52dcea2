/**
 * The look of /dashboard: light or dark as the system is, from 320 pixels up.
 */
export const dashboardStyle = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f6f8fa, #101317); --text: light-dark(#1b1f24, #e6e9ed); --soft: light-dark(#57606a, #9aa5b1);
  --rule: light-dark(#d5dae0, #333a43); --card: light-dark(#fff, #191d22);
  --accent: light-dark(#0369a1, #38bdf8); --second: light-dark(#b45309, #fbbf24); --third: light-dark(#047857, #34d399);
  --fourth: light-dark(#7c3aed, #c4b5fd); --bad: light-dark(#be123c, #fb7185);
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
header, main { max-width: 84rem; margin: 0 auto; padding: 0 1.25rem; }
header { display: flex; align-items: center; flex-wrap: wrap; gap: .25rem 1.25rem; padding-top: 1rem; padding-bottom: .5rem; }
main { padding-bottom: 3rem; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1rem; margin: 1.75rem 0 .6rem; }
.connection { display: flex; align-items: center; gap: .5rem; margin: 0; color: var(--soft); font-size: .875rem; min-width: 0; overflow-wrap: anywhere; }
.connection::before { content: ""; flex: none; width: .6rem; height: .6rem; border-radius: 50%; background: var(--bad); }
.connection[data-state=live]::before { background: var(--third); }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 1rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem 1.25rem; margin: .75rem 0 0; }
.figures div { min-width: 0; }
dt { color: var(--soft); font-size: .8rem; }
dd { margin: 0; font-size: 1.15rem; font-weight: 600; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1rem; }
figure { margin: 0; min-width: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .7rem .8rem .8rem; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 .5rem; font-size: .8rem; margin-bottom: .4rem; }
figcaption .name { color: var(--soft); }
figcaption .now { font-weight: 600; white-space: nowrap; }
.plot { position: relative; height: 6rem; border-radius: 4px; overflow: hidden; touch-action: pan-y; cursor: crosshair; color: var(--accent); }
.plot svg { position: absolute; inset: 1.1rem 0 0 0; width: 100%; height: calc(100% - 1.1rem); overflow: visible; }
.plot path { vector-effect: non-scaling-stroke; }
.line { fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linejoin: round; }
.area { fill: currentColor; opacity: .15; }
.cursor { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 3; }
.dot { stroke: currentColor; stroke-width: 8; stroke-linecap: round; }
.plot span { position: absolute; top: 0; font-size: .7rem; color: var(--soft); pointer-events: none; }
.plot .top { left: 0; }
.plot .span { right: 0; }
.plot .none { position: absolute; inset: 0; margin: 0; display: grid; place-items: center; text-align: center; color: var(--soft); font-size: .8rem; }
.search .plot { color: var(--third); }
.latency .plot { color: var(--second); }
.memory .plot, .processors .plot { color: var(--fourth); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { padding: .4rem .75rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
thead th { color: var(--soft); font-weight: 400; font-size: .8rem; border-bottom: 1px solid var(--rule); }
tbody th { font-weight: 600; }
tbody tr + tr > * { border-top: 1px solid var(--rule); }
.share meter { width: 7rem; margin-right: .6rem; vertical-align: middle; }
.share span { display: inline-block; min-width: 3rem; }
td.payload, .hits th:last-child { text-align: left; }
td.payload { white-space: normal; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .8rem; }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 1.25rem; }
form.search, #key-form { display: flex; flex-wrap: wrap; align-items: end; gap: .75rem; }
#key-form p { flex-basis: 100%; margin: 0; }
.field { display: grid; grid-template-columns: minmax(0, 100%); justify-items: start; gap: .25rem; min-width: 0; max-width: 100%; }
label { font-size: .8rem; color: var(--soft); }
input, select, button { font: inherit; font-size: .9rem; color: inherit; background: var(--card); border: 1px solid var(--soft); border-radius: 6px; padding: .35rem .6rem; min-height: 2.25rem; max-width: 100%; }
#search-id { width: 11rem; }
#search-limit { width: 5rem; }
button { cursor: pointer; background: var(--text); color: var(--card); border-color: var(--text); padding: .35rem 1rem; }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.quiet { color: var(--soft); font-size: .875rem; margin: .75rem 0 0; overflow-wrap: anywhere; }
.card > .scroll > .quiet, .card .quiet:first-child { margin-top: 0; }
/* The charts above are of the whole server, and go back further. */
simdex-monitor::part(run), simdex-monitor::part(charts), simdex-monitor::part(threads) { display: none; }
.recall-figure { margin-top: .75rem; }
svg.recall { width: 100%; height: auto; display: block; }
svg.recall text { font-size: 12px; fill: var(--soft); }
svg.recall .grid { stroke: var(--rule); stroke-width: 1; fill: none; }
svg.recall .line { stroke-width: 2; }
svg.recall .dot { stroke-width: 7; }
.curve-0 { color: var(--accent); }
.curve-1 { color: var(--second); }
.curve-2 { color: var(--third); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: 0 0 .25rem; padding: 0; font-size: .8rem; }
.legend li::before { content: ""; display: inline-block; width: .8rem; height: .2rem; margin-right: .4rem; vertical-align: middle; background: currentColor; }
summary { cursor: pointer; color: var(--soft); font-size: .8rem; padding: .3rem 0; }
.told { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 64rem) { .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); } .pair { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 30rem) {
  header, main { padding-left: .8rem; padding-right: .8rem; }
  .charts { gap: .6rem; }
  figure { padding: .55rem .6rem .6rem; }
  .plot { height: 5rem; }
  .share meter { display: none; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
`;
