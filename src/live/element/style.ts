/**
 * The look of `<simdex-monitor>`: light or dark as the page around it, from 320 pixels up, by the element's own width.
 */
const STYLE = `
:host {
  display: block; container-type: inline-size;
  --text: light-dark(#1b1f24, #e6e9ed); --soft: light-dark(#57606a, #9aa5b1);
  --rule: light-dark(#d5dae0, #333a43); --card: light-dark(#fff, #191d22); --track: light-dark(#e9edf1, #2a3139);
  --accent: light-dark(#0369a1, #38bdf8); --second: light-dark(#b45309, #fbbf24); --third: light-dark(#047857, #34d399);
  --bad: light-dark(#be123c, #fb7185); --fair: light-dark(#a15c07, #fbbf24);
  color: var(--text); font: 16px/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums;
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
.monitor { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; }
header { display: flex; align-items: center; gap: .75rem; min-height: 2rem; }
.connection { display: flex; align-items: center; gap: .5rem; color: var(--soft); font-size: .875rem; margin: 0; min-width: 0; overflow-wrap: anywhere; }
.connection::before { content: ""; flex: none; width: .6rem; height: .6rem; border-radius: 50%; background: var(--soft); }
.connection[data-state=live]::before { background: var(--third); box-shadow: 0 0 0 .2rem color-mix(in srgb, var(--third) 25%, transparent); }
.connection[data-state=waiting]::before { background: var(--bad); }
button { margin-left: auto; flex: none; font: inherit; font-size: .875rem; color: inherit; background: none; border: 1px solid var(--rule); border-radius: 6px; padding: .25rem .75rem; min-height: 2rem; cursor: pointer; }
button:hover { border-color: var(--soft); }
button[aria-pressed=true] { background: var(--text); border-color: var(--text); color: var(--card); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
progress { appearance: none; display: block; width: 100%; height: .5rem; border: 0; border-radius: .25rem; background: var(--track); overflow: hidden; }
progress::-webkit-progress-bar { background: var(--track); }
progress::-webkit-progress-value { background: var(--accent); border-radius: .25rem; }
progress::-moz-progress-bar { background: var(--accent); border-radius: .25rem; }
.run { display: grid; gap: .6rem; }
.run-text { margin: 0; display: flex; justify-content: space-between; gap: 1rem; font-size: .875rem; color: var(--soft); }
.run-text b { color: var(--text); font-weight: 600; }
dl { margin: 0; }
.figures { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .5rem 1rem; }
.figures div { min-width: 0; }
dt { color: var(--soft); font-size: .8rem; }
dd { margin: 0; font-size: 1.15rem; font-weight: 600; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.charts { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1rem; }
figure { margin: 0; min-width: 0; }
figcaption { display: flex; justify-content: space-between; gap: .5rem; font-size: .8rem; margin-bottom: .3rem; }
figcaption .name { color: var(--soft); }
figcaption .now { font-weight: 600; white-space: nowrap; }
.plot { position: relative; height: 6.5rem; border-radius: 6px; border: 1px solid var(--rule); background: var(--card); overflow: hidden; touch-action: pan-y; cursor: crosshair; }
.plot svg { position: absolute; inset: 1.1rem 0 0 0; width: 100%; height: calc(100% - 1.1rem); overflow: visible; }
.plot path, .plot line { vector-effect: non-scaling-stroke; }
.line { fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linejoin: round; }
.area { fill: currentColor; opacity: .15; }
.cursor { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 3; }
.dot { stroke: currentColor; stroke-width: 8; stroke-linecap: round; }
.plot span { position: absolute; top: .1rem; font-size: .7rem; color: var(--soft); pointer-events: none; }
.plot .top { left: .4rem; }
.plot .span { right: .4rem; }
.throughput .plot { color: var(--accent); }
.queue .plot { color: var(--second); }
.utilization .plot { color: var(--third); }
.title { font-size: .8rem; color: var(--soft); margin: 0 0 .4rem; }
ul, ol { list-style: none; margin: 0; padding: 0; }
.threads ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: .35rem 1.5rem; max-height: 14rem; overflow-y: auto; }
.threads li { display: grid; grid-template-columns: 4.5rem 1fr 3.6rem; align-items: center; gap: .5rem; font-size: .8rem; }
.threads .share { text-align: right; }
.bar { height: .6rem; border-radius: .3rem; background: var(--track); overflow: hidden; }
.bar div { height: 100%; background: var(--third); border-radius: .3rem; transition: inline-size .1s linear; }
.quiet { color: var(--soft); font-size: .875rem; margin: 0; }
.alerts { display: grid; gap: .4rem; }
.alerts li { font-size: .875rem; padding: .4rem .7rem; border: 1px solid var(--rule); border-left: 4px solid var(--soft); border-radius: 6px; background: var(--card); overflow-wrap: anywhere; }
.alerts li.warning { border-left-color: var(--fair); }
.alerts li.critical { border-left-color: var(--bad); }
.alerts b { text-transform: capitalize; }
details { font-size: .875rem; }
summary { cursor: pointer; color: var(--soft); font-size: .8rem; padding: .3rem 0; }
table { border-collapse: collapse; width: 100%; max-width: 36rem; }
.statistics { overflow-x: auto; }
th, td { padding: .2rem 0 .2rem 1rem; text-align: right; white-space: nowrap; }
thead { border-bottom: 1px solid var(--rule); }
thead th { color: var(--soft); font-weight: 400; font-size: .8rem; }
tbody th { font-weight: 400; text-align: left; padding-left: 0; }
.events { max-height: 12rem; overflow-y: auto; }
.events li { display: flex; gap: .75rem; padding: .15rem 0; overflow-wrap: anywhere; }
.events time { color: var(--soft); flex: none; }
.told { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@container (max-width: 44rem) {
  .charts { grid-template-columns: minmax(0, 1fr); }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .plot { height: 5.5rem; }
  th, td { padding-left: .5rem; }
  tbody th { white-space: normal; }
}
@media (prefers-reduced-motion: reduce) { .bar div { transition: none; } }
@media (forced-colors: active) {
  .bar, progress { border: 1px solid CanvasText; }
  .bar div { background: Highlight; forced-color-adjust: none; }
}
@media print { button { display: none; } }
`;

let sheet: CSSStyleSheet | undefined;

/** One sheet for all elements: neither a `<style>` nor a `style` attribute, so that a strict policy has nothing to refuse. */
export function monitorStyle(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
  }
  return sheet;
}
