// The table of the README: where simdex was tried, and what worked there. It is drawn from scripts/runtimes/results.json, which
// `npm run runtimes` writes.

/** One line of the table; `version` is what was tried. */
const line = ({ name, version, how, command, server }) =>
  `| ${[`${name} ${version}`.trim(), how, command, server].join(' | ')} |`;

/** @param results what `npm run runtimes` found, in order */
function runtimesTable(results) {
  return ['| where | indexing and search | command | server |', '| --- | --- | --- | --- |', ...results.map(line)].join(
    '\n',
  );
}

const BEGIN = '<!-- runtimes: written by npm run runtimes -->\n';
const END = '<!-- /runtimes -->';

/** The page with the table between its marks. */
export function withTable(page, results) {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page has no marks ${BEGIN.trim()} and ${END.trim()}`);
  return `${page.slice(0, begin + BEGIN.length)}${runtimesTable(results)}\n${page.slice(end)}`;
}
