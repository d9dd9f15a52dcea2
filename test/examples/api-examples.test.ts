/**
 * Every exported class and function has an example in its documentation, and every example runs.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const entries = ['node', 'kernel', 'metrics', 'monitor-events', 'report'].map((name) =>
  join(root, `src/index.${name}.ts`),
);
const run = promisify(execFile);

interface Exported {
  readonly name: string;
  readonly place: string;
  readonly example: string | undefined;
}

/** The classes and functions that a program can import. */
function exported(): Exported[] {
  const program = ts.createProgram(entries, { noResolve: false, skipLibCheck: true, module: ts.ModuleKind.NodeNext });
  const checker = program.getTypeChecker();
  const found = new Map<string, Exported>();
  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
    for (const each of checker.getExportsOfModule(module)) {
      if (each.declarations?.some(ts.isTypeOnlyImportOrExportDeclaration)) continue;
      const symbol = each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each;
      if (!(symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Function))) continue;
      const tag = symbol.getJsDocTags(checker).find(({ name }) => name === 'example');
      const place = relative(root, symbol.declarations![0]!.getSourceFile().fileName);
      found.set(symbol.name, { name: symbol.name, place, example: ts.displayPartsToString(tag?.text) });
    }
  }
  return [...found.values()];
}

const all = exported();
let folder: string;
beforeAll(async () => {
  // Within the project, so that the package and its dependencies are found by their names.
  folder = await mkdtemp(join(root, 'build/examples-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('there are classes and functions', () => {
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(['Engine', 'VectorIndex', 'createKernel']));
});

test.each(all)('$name ($place) has an example that runs', async ({ name, example }) => {
  const code = /```js\n([\s\S]*?)```/.exec(example ?? '')?.[1];
  expect(code, 'an @example with a block of js').toBeDefined();
  expect(code).toContain(name);
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, code!);
  const { stdout } = await run(process.execPath, [file], { cwd: dirname(file), timeout: 60_000 });
  // What a line says it prints, as far as it says it.
  for (const [, said] of code!.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)) {
    const pattern = said!.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '\\d*');
    expect(stdout).toMatch(new RegExp(`^${pattern}$`, 'm'));
  }
});
