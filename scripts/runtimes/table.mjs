// The table of the README: where simdex was tried, and what worked there. It is drawn from scripts/runtimes/results.json, which
// `npm run runtimes` writes.

/** One line for all places where the same works. @param results what `npm run runtimes` found, in order */
function runtimesTable(results) {
  const places = new Map();
  for (const { name, version, how, command, server } of results) {
    const found = [how, command, server].join(' | ');
    places.set(found, [...(places.get(found) ?? []), `${name} ${version}`]);
  }
  const lines = Array.from(places, ([found, names]) => `| ${names.join(', ')} | ${found} |`);
  return ['| where | indexing and search | command | server |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

const BEGIN = '<!-- runtimes: written by npm run runtimes -->\n';
const END = '<!-- /runtimes -->';

/** The page with the table between its marks. */
export function withTable(page, results) {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page has no marks ${BEGIN.trim()} and ${END.trim()}`);
  return `${page.slice(0, begin + BEGIN.length)}${runtimesTable(results)}\n${page.slice(end)}`;
}
