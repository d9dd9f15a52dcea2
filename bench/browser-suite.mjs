// The cases of `simdex bench` in an isolated page of Chromium, without native programs and baselines: progress on standard
// error, a Markdown table on standard output.
//
//   npm run build && npm run bench:browser -- [--quick] [--case PATTERN]... [--threads N] [--json] [--html FILE] [--markdown FILE]
//
// --threads is auto unless told: one less than the cores, as in any page. The other flags are those of `simdex bench`.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { selectCases } from '../build/js/bench/suite/cases.js';
import { resultsToMarkdown } from '../build/js/bench/suite/markdown.js';
import { describeMachine } from '../build/js/bench/suite/node/machine.js';
import { OutputFiles } from '../build/js/bench/suite/node/output-files.js';
import { resultsFromJson } from '../build/js/bench/suite/results-json.js';
import { parseThreads } from '../build/js/src/cli/flag-values.js';
import { openPages } from './browser/chromium.mjs';

const { values, groups, threads } = readFlags();
try {
  const outputs = await OutputFiles.create(values);
  try {
    const json = await measureInPage();
    const results = resultsFromJson(json);
    await outputs.finish(results);
    process.stdout.write(values.json ? json : resultsToMarkdown(results));
  } finally {
    await outputs[Symbol.asyncDispose]();
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function measureInPage() {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  const pages = await openPages();
  try {
    return await pages.withPage(async (page, browserVersion) => {
      await page.exposeFunction('tellGroup', (done) => {
        const { operation, dims } = groups[done];
        console.error(`${operation}, ${dims} dims (${done + 1} of ${groups.length})`);
      });
      // A page does not know its processor; it runs on the one that this program runs on.
      const machine = { ...describeMachine(), engine: `Chromium ${browserVersion}` };
      return page.evaluate(
        async (session) => {
          const { runSession } = await import('/build/bench/suite-page.js');
          return runSession(session, globalThis.tellGroup);
        },
        { groups, quick: values.quick, threads, machine, version },
      );
    });
  } finally {
    await pages.close();
  }
}

/** Ends the process with status 2 for what is wrong, before anything starts. */
function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        case: { type: 'string', multiple: true, default: [] },
        quick: { type: 'boolean', default: false },
        threads: { type: 'string', default: 'auto' },
        json: { type: 'boolean', default: false },
        html: { type: 'string' },
        markdown: { type: 'string' },
      },
    });
    return { values, groups: selectCases(values.case, values.quick), threads: parseThreads(values.threads) };
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}
