// Runs every command of the README and the guides, and puts its output below it. Puts example files into the blocks that name them.
//
//   node scripts/readme.mjs           writes README.md, docs/*.md and docs/speed.svg
//   node scripts/readme.mjs --check   compares instead, figures apart; exit status 1 when something differs
//   node scripts/readme.mjs PAGE…     these pages only
//
// In a `console` block, lines after "$ " are commands, what follows is their output. An output that begins with "…" shows
// only the last lines. A command that ends with " &" goes on to the end of its page: what follows waits until it has written a line.
// Recommendations are left out: they depend on the moment. `npm ci &&` is passed over, since this runs in an installed checkout, and so is `npm cit`, whose
// test command runs beside this one. docs/cli.md is written by scripts/docs.mjs.
import { execSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { speedChart } from './speed-chart.mjs';

const check = process.argv.includes('--check');
const guides = readdirSync('docs').filter((name) => name.endsWith('.md') && name !== 'cli.md');

const chart = speedChart(readFileSync('bench/RESULTS.md', 'utf8'));
if (!check) writeFileSync('docs/speed.svg', chart);
else reportDifferences('docs/speed.svg', readFileSync('docs/speed.svg', 'utf8').split('\n'), chart.split('\n'));

// The guide of the server makes its collections anew.
rmSync('build/demo/store', { recursive: true, force: true });

// The README first: its demo makes the files that other commands use.
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
for (const page of named.length > 0 ? named : ['README.md', ...guides.map((name) => `docs/${name}`)]) {
  const before = readFileSync(page, 'utf8');
  const withFiles = before.replace(/<!-- file: (\S+) -->\n```(\w+)\n[\s\S]*?```/g, (_, file, language) => {
    return `<!-- file: ${file} -->\n\`\`\`${language}\n${readFileSync(file, 'utf8')}\`\`\``;
  });
  const background = [];
  let after = '';
  for (const [i, part] of withFiles.split(/(?<=```console\n)([\s\S]*?)(?=```)/).entries())
    after += i % 2 === 0 ? part : await fresh(part, background);
  for (const child of background) {
    const closed = once(child, 'close');
    // The whole group: npx does not pass a signal on.
    process.kill(-child.pid, 'SIGTERM');
    await closed;
  }
  if (!check) writeFileSync(page, after);
  else reportDifferences(page, comparable(before), comparable(after));
}

/** The block with the output its command has now. */
async function fresh(block, background) {
  const [first, ...shown] = block.trimEnd().split('\n');
  const command = first.replace(/^\$ /, '');
  if (command === first) throw new Error(`a console block begins with "$ ", got: ${first}`);
  if (command === 'npm cit') return block;
  if (command.endsWith(' &')) {
    background.push(await start(command.replace(/ &$/, '')));
    return block;
  }
  const output = run(command.replace(/^npm ci && /, ''))
    .trimEnd()
    .split('\n')
    // What the report says of a run differs from run to run.
    .filter((line) => !/^ +[-−]/.test(line));
  const kept = shown[0] === '…' ? ['…', ...output.slice(-Math.max(1, shown.length - 1))] : output;
  return `${[first, ...kept].join('\n')}\n`;
}

/** Runs until the page ends. */
async function start(command) {
  process.stderr.write(`$ ${command} &\n`);
  const child = spawn('/bin/bash', ['-c', `exec ${command}`], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const failed = once(child, 'exit').then(([status]) => {
    throw new Error(`${command} ended with ${status} before it wrote a line`);
  });
  await Promise.race([once(child.stdout, 'data'), failed]);
  failed.catch(() => undefined);
  child.stdout.resume();
  return child;
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
