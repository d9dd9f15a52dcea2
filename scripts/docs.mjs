// Writes docs/cli.md, the reference of the command line, from the tree of commands as built.
//
//   node scripts/docs.mjs           writes it
//   node scripts/docs.mjs --check   compares instead; exit status 1 when it is out of date
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createProgram } from '../dist/cli-program.js';

const FILE = 'docs/cli.md';

const program = await createProgram('', { signal: new AbortController().signal, allow: () => undefined });
const text = `# ${program.name()} on the command line

<!-- Made from the commands themselves: change those, then npm run docs. -->

${[program, ...program.commands].map(reference).join('\n\n')}
`;

if (!process.argv.includes('--check')) {
  mkdirSync('docs', { recursive: true });
  writeFileSync(FILE, text);
} else if (readFileSync(FILE, 'utf8') !== text) {
  console.error(`${FILE} is out of date; run: npm run build && npm run docs`);
  process.exitCode = 1;
}

/** The help of a command, as Markdown. */
function reference(command) {
  const help = command.createHelp();
  const options = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  const heading = `## ${command === program ? '' : `${program.name()} `}${command.name()}`;
  const parts = [
    `${heading}\n\n${escaped(command.description())}\n\n${block(help.commandUsage(command))}`,
    table('command', command.commands, link, (one) => one.summary() || one.description()),
    table('argument', help.visibleArguments(command), code(help.argumentTerm), help.argumentDescription),
    table('option', options, code(help.optionTerm), help.optionDescription),
    textAfterHelp(command),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function table(title, items, term, description) {
  if (items.length === 0) return '';
  const rows = items.map((item) => `| ${term(item)} | ${escaped(description(item))} |`);
  return [`| ${title} | |`, '| --- | --- |', ...rows].join('\n');
}

/** Examples in a block; other paragraphs as they are. */
function textAfterHelp(command) {
  let shown = '';
  command
    .configureOutput({
      writeOut: (written) => {
        shown += written;
      },
    })
    .outputHelp();
  const paragraphs = shown.slice(command.helpInformation().length).trim().split('\n\n');
  return paragraphs
    .map((paragraph) =>
      paragraph.replace(/^(.+:)\n([\s\S]+)$/, (_, title, lines) => {
        return `${title}\n\n${block(lines.replace(/^ {2}/gm, ''))}`;
      }),
    )
    .join('\n\n');
}

function link(command) {
  return `[${command.name()}](#${program.name()}-${command.name()})`;
}

function code(term) {
  // A line through a cell ends it, even within code.
  return (item) => `\`${term(item).replaceAll('|', '\\|')}\``;
}

function block(lines) {
  return `\`\`\`sh\n${lines}\n\`\`\``;
}

function escaped(description) {
  return description.replace(/[\\`*_<>|[\]]/g, '\\$&');
}
