/**
 * What an interactive page does once it is there. Without it the page shows the same figures and pictures.
 */
import { makeSortable } from './sortable-table.js';
import { makeZoomable } from './zoomable-chart.js';

for (const table of document.querySelectorAll<HTMLTableElement>('table.sortable')) makeSortable(table);
for (const figure of document.querySelectorAll<HTMLElement>('figure[data-curves]')) makeZoomable(figure);
