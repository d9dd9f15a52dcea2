// The library's worker; one named "doomed" loads later than others, and ends at the first vectors it is given.
import './late.js';
import './close-at-task.js';
import '/dist/worker.browser.js';
