// Runs every command of the README and the guides, and puts its output below it. Puts example files into the blocks that name them.
//
//   node scripts/readme.mjs           writes README.md, docs/*.md and docs/speed.svg
//   node scripts/readme.mjs --check   compares instead, figures apart; exit status 1 when something differs
//
// In a `console` block, lines after "$ " are commands, what follows is their output. An output that begins with "…" shows
// only the last lines. Recommendations are left out: they depend on the moment. `npm ci &&` is passed over, since this runs in an installed checkout, and so is `npm cit`, whose
// test command runs beside this one. docs/cli.md is written by scripts/docs.mjs.
import { execSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { speedChart } from './speed-chart.mjs';

const check = process.argv.includes('--check');
const guides = readdirSync('docs').filter((name) => name.endsWith('.md') && name !== 'cli.md');

const chart = speedChart(readFileSync('bench/RESULTS.md', 'utf8'));
if (!check) writeFileSync('docs/speed.svg', chart);
else reportDifferences('docs/speed.svg', readFileSync('docs/speed.svg', 'utf8').split('\n'), chart.split('\n'));

// The README first: its demo makes the files that other commands use.
for (const page of ['README.md', ...guides.map((name) => `docs/${name}`)]) {
  const before = readFileSync(page, 'utf8');
  const withFiles = before.replace(/<!-- file: (\S+) -->\n```(\w+)\n[\s\S]*?```/g, (_, file, language) => {
    return `<!-- file: ${file} -->\n\`\`\`${language}\n${readFileSync(file, 'utf8')}\`\`\``;
  });
  const after = withFiles.replace(/```console\n([\s\S]*?)```/g, (_, block) => `\`\`\`console\n${fresh(block)}\`\`\``);
  if (!check) writeFileSync(page, after);
  else reportDifferences(page, comparable(before), comparable(after));
}

/** The block with the output its command has now. */
function fresh(block) {
  const [first, ...shown] = block.trimEnd().split('\n');
  const command = first.replace(/^\$ /, '');
  if (command === first) throw new Error(`a console block begins with "$ ", got: ${first}`);
  if (command === 'npm cit') return block;
  const output = run(command.replace(/^npm ci && /, ''))
    .trimEnd()
    .split('\n')
    // What the report says of a run differs from run to run.
    .filter((line) => !/^ +[-−]/.test(line));
  const kept = shown[0] === '…' ? ['…', ...output.slice(-Math.max(1, shown.length - 1))] : output;
  return `${[first, ...kept].join('\n')}\n`;
}

function run(command) {
  process.stderr.write(`$ ${command}\n`);
  return execSync(command, { encoding: 'utf8', shell: '/bin/bash', stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Measured figures differ from run to run. */
function comparable(text) {
  return text.split('\n').map((line) => line.replace(/\d[\d.,]*( (ms|s)\b)?/g, '#').replace(/ +/g, ' '));
}

function reportDifferences(page, expected, found) {
  for (let i = 0; i < Math.max(expected.length, found.length); i++) {
    if (expected[i] === found[i]) continue;
    console.error(`${page} is out of date; run: npm run readme\n  has:  ${expected[i]}\n  now:  ${found[i]}`);
    process.exit(1);
  }
}
