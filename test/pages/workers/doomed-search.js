// The library's worker that searches, behind what may end it first.
import './close-at-search.js';
import '/dist/search-worker.browser.js';
