/**
 * The extra style of a page with a script. In print the page shows its still pictures.
 */
export const INTERACTIVE_STYLE = `
.zoomable .uplot { width: 100%; }
.zoomable .u-legend { font-size: .8rem; color: var(--text); text-align: left; }
.zoomable .u-legend th { color: var(--text); border: 0; padding: 2px 4px; min-width: 0; text-align: left; }
.zoomable .u-legend td { padding: 2px 4px; text-align: left; }
.zoomable .u-legend tr { border: 0; }
.zoomable .u-select { background: color-mix(in srgb, var(--text) 15%, transparent); }
.zoom-buttons { display: flex; gap: .35rem; margin-top: .35rem; }
.zoom-buttons button, th button { font: inherit; color: inherit; cursor: pointer; }
.zoom-buttons button { min-width: 2.5rem; min-height: 2rem; border: 1px solid var(--rule); border-radius: 4px; background: var(--stripe); }
th button { background: none; border: 0; padding: .25rem 0; text-align: inherit; text-decoration: underline dotted; text-underline-offset: .2em; }
th[aria-sort=ascending] button::after { content: " ▲"; }
th[aria-sort=descending] button::after { content: " ▼"; }
@media screen { .replaced { display: none; } }
@media print {
  .zoomable { display: none; }
  th button { text-decoration: none; }
  th button::after { content: none !important; }
}
`;
