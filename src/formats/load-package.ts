/**
 * Loads the optional packages that read formats. Their names are not written in an `import()` that bundlers understand, because a bundler
 * warns of each package that is not installed. Node, and a page with an import map, find a package by its name. A bundled program registers
 * it.
 */
import { IndexingError } from '../base/errors.js';

/** An optional package that reads a format: `.parquet`, `.arrow`, `.h5`. */
export type FormatPackage = 'hyparquet' | 'apache-arrow' | 'h5wasm';

/** How a program loads these packages. Each function is called when a file needs its package. */
export type PackageLoaders = { readonly [name in FormatPackage]?: () => Promise<object> };

interface Libraries {
  readonly hyparquet: typeof import('hyparquet');
  readonly 'apache-arrow': typeof import('apache-arrow');
  readonly h5wasm: typeof import('h5wasm');
}

const NAMES: readonly FormatPackage[] = ['hyparquet', 'apache-arrow', 'h5wasm'];
const loaders = new Map<FormatPackage, () => Promise<object>>();

/**
 * Says how a bundled program loads the optional packages that read `.parquet`, `.arrow` and `.h5` files. Call it once, before such a file is
 * read. Without a bundler nothing has to be registered: the package is installed, or a page's import map names it.
 *
 * @param packages for each package that is used, a function that imports it; a later call replaces an earlier one
 * @throws {IndexingError} `InvalidConfiguration` for another name, or for what is not a function
 *
 * @example
 * ```js
 * import { registerPackages } from 'simdex';
 *
 * registerPackages({ hyparquet: () => import('hyparquet') });
 * ```
 */
export function registerPackages(packages: PackageLoaders): void {
  if (typeof packages !== 'object' || packages === null)
    throw new IndexingError('InvalidConfiguration', `registerPackages takes an object, got ${String(packages)}`);
  const given = Object.entries(packages);
  for (const [name, load] of given) {
    if (!isFormatPackage(name))
      throw new IndexingError('InvalidConfiguration', `packages are ${NAMES.join(', ')}, got ${JSON.stringify(name)}`);
    if (typeof load !== 'function')
      throw new IndexingError(
        'InvalidConfiguration',
        `registerPackages takes a function for ${name}, such as () => import('${name}'), got ${typeof load}`,
      );
  }
  for (const [name, load] of given) loaders.set(name as FormatPackage, load);
}

function isFormatPackage(name: string): name is FormatPackage {
  return (NAMES as readonly string[]).includes(name);
}

/** The package, whatever its version. Rejects with what the import rejects with. */
export async function loadPackage<Name extends FormatPackage>(name: Name): Promise<Libraries[Name]> {
  const registered = loaders.get(name);
  const library = registered
    ? await registered()
    : await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name);
  return library as Libraries[Name];
}
