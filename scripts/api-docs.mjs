// Writes the API documentation of everything that the package exports to build/api. A warning fails.
//
//   node scripts/api-docs.mjs
import { existsSync, readFileSync } from 'node:fs';
import { Application } from 'typedoc';

const { name, exports } = JSON.parse(readFileSync('package.json', 'utf8'));

const app = await Application.bootstrap({
  name,
  // The types of the kernel files are no source: rollup.config.mjs writes them.
  entryPoints: [...new Set(Object.values(exports).flatMap(declarationsOf))].map(sourceOf).filter(existsSync),
  tsconfig: 'tsconfig.json',
  readme: 'README.md',
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  treatWarningsAsErrors: true,
  validation: { notDocumented: true },
  requiredToBeDocumented: ['Class', 'Function', 'Interface', 'TypeAlias', 'Variable'],
  intentionallyNotExported: [
    // The tables that types follow from.
    'src/monitoring/monitor-update.ts:alertRules',
    // Messages of simdex to its own threads. A worker module of the caller's passes them on unread.
    'src/engine/worker/task.ts:WorkerTask',
    'src/engine/worker/task.ts:PartAnswer',
    'src/engine/worker/unit-work.ts:UnitListener',
    // Keeps TypeScript from inferring the type of ids from one list of them.
    'src/search/options.ts:Given',
  ],
});
const project = await app.convert();
if (project) {
  app.validate(project);
  await app.generateDocs(project, 'build/api');
}
if (!project || app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;

/** Declaration files of an entry of `exports`, under all its conditions. */
function declarationsOf(entry) {
  if (typeof entry === 'string') return entry.endsWith('.d.ts') ? [entry] : [];
  return Object.values(entry).flatMap(declarationsOf);
}

function sourceOf(declarations) {
  return declarations.replace('./dist/types/', 'src/').replace('.d.ts', '.ts');
}
