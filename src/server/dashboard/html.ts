/**
 * The static files of /dashboard but for its script: no inline script, no inline style, nothing from elsewhere.
 */

/** What the page may do: run and show what this server sends, and talk to this server. */
export const dashboardPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const dashboardHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>simdex dashboard</title>
<link rel="icon" href="/dashboard/icon.svg">
<link rel="stylesheet" href="/dashboard/style.css">
<script type="module" src="/dashboard/app.js"></script>
</head>
<body>
<header>
<h1>simdex</h1>
<p id="connection" class="connection" role="status" data-state="waiting">Connecting…</p>
</header>
<main>
<form id="key-form" class="card" hidden>
<p id="key-text"></p>
<div class="field"><label for="key">API key</label><input id="key" type="password" required autocomplete="off"></div>
<button type="submit">Use the key</button>
</form>
<div id="content" hidden>
<dl id="figures" class="figures"></dl>
<section aria-labelledby="now"><h2 id="now">Now</h2><div id="charts"></div></section>
<section aria-labelledby="threads-title"><h2 id="threads-title">Threads of the engine</h2><div id="threads" class="card"></div></section>
<section aria-labelledby="collections-title"><h2 id="collections-title">Collections</h2><div id="collections" class="card"></div></section>
<div class="pair">
<section aria-labelledby="search-title"><h2 id="search-title">Neighbours of a point</h2><div id="search" class="card"></div></section>
<section aria-labelledby="recall-title"><h2 id="recall-title">Recall of a graph</h2><div id="recall" class="card"></div></section>
</div>
<section aria-labelledby="monitor-title"><h2 id="monitor-title">Alerts and times</h2><div id="monitor" class="card"></div></section>
</div>
<noscript><p class="card">This page needs JavaScript. The same figures are at /metrics.</p></noscript>
</main>
</body>
</html>
`;

export const dashboardIcon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#0369a1" d="M1 11h3v4H1zM6 6h3v9H6zM11 1h3v14h-3z"/></svg>';
