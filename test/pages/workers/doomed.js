// The library's worker, behind what may end it first.
import './close-at-task.js';
import '/dist/worker.browser.js';
