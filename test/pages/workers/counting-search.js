// Tells the page of every block that it claims.
import watchBatches from '/dist/search-worker.browser.js';

watchBatches((block) => postMessage({ claimed: block }));
