// Rollup plugin for what pages load: of @assemblyscript/loader only what makes an instance. The rest serves what the kernel has
// none of: it gives a module's runtime its imports, and wraps its exports in views on strings, arrays and classes.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const loader = fileURLToPath(import.meta.resolve('@assemblyscript/loader'));
const makingAnInstance = [/^function isModule\(.*?^\}/ms, /^export function instantiateSync\(.*?^\}/ms];
const serving = [
  /^ *const extended = preInstantiate\(imports\);\n/m,
  /^ *const exports = postInstantiate\(extended, instance\);\n/m,
  /, exports(?= \};)/,
];

export function pageLoaderPlugin() {
  return {
    name: 'page-loader',
    resolveId: (id) => (id === '@assemblyscript/loader' ? loader : null),
    load: (id) => (id === loader ? leanLoader() : null),
  };
}

function leanLoader() {
  const code = readFileSync(loader, 'utf8');
  const parts = makingAnInstance.map((pattern) => found(pattern, code)).join('\n');
  return serving.reduce((left, pattern) => left.replace(found(pattern, left), ''), parts);
}

function found(pattern, code) {
  const match = pattern.exec(code);
  if (!match) throw new Error(`@assemblyscript/loader is not as it was: nothing in it is like ${pattern}`);
  return match[0];
}
