/**
 * The package h5wasm: a C library in one WebAssembly memory, for all files of a process. A damaged file can break it. After a trap the
 * state of its memory is undefined: what it reads later may be wrong, or it never stops reading. So a broken library is given up. Files
 * that are open on it are refused. Later files get a new instance, where the platform can make one. A library that has refused many files
 * is replaced as well, since each exception leaves memory behind in it.
 */
import { IndexingError } from '../base/errors.js';
import { loadPackage } from './load-package.js';
import { missingPackage, requireMembers } from './optional-package.js';

type Library = typeof import('h5wasm');
type Module = Awaited<Library['ready']>;

export interface Hdf5Instance {
  readonly library: Library;
  readonly module: Module;
  /** The file that it broke down over. */
  brokenBy: string | undefined;
  /** Exceptions that left it. */
  faults: number;
}

/** An instance takes some megabytes that no collector gets back. */
const MAX_RENEWALS = 64;
/** After some thousands of exceptions, the library was seen to read for ever. */
const MAX_FAULTS = 500;

let latest: Hdf5Instance | undefined;
/** Files that are opened at the same time get the same. */
const instances = new WeakMap<Module, Hdf5Instance>();
let renewals = 0;
let importAnew: ((turn: number) => Promise<Library>) | undefined;

/** Says how the platform evaluates the package once more, other than before for every `turn`. */
export function setHdf5Renewal(importIt: (turn: number) => Promise<Library>): void {
  importAnew = importIt;
}

/**
 * The library, in working order.
 *
 * @throws {IndexingError} `MissingPackage`, or `FileAccess` where it broke and cannot be had anew
 */
export async function openHdf5Library(file: string): Promise<Hdf5Instance> {
  const isWorn = latest !== undefined && latest.faults >= MAX_FAULTS && canRenew();
  if (latest && latest.brokenBy === undefined && !isWorn) return latest;
  const library = latest ? await renew(file, latest.brokenBy ?? 'earlier files') : await importHdf5(file);
  const module = await library.ready;
  requireMembers(file, 'h5', 'h5wasm', module, ['activate_throwing_error_handler', 'get_dataset_data']);
  module.activate_throwing_error_handler();
  latest = instances.get(module) ?? { library, module, brokenBy: undefined, faults: 0 };
  instances.set(module, latest);
  return latest;
}

/** What a trap, an abort and a full stack are thrown as: none of them leaves the library as it was. */
export function isBreakdown(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
}

/** For a file that was open on it. */
export function brokenLibrary(file: string, brokenBy: string): IndexingError {
  const detail = `cannot read ${file}: the HDF5 library broke down over another file, ${brokenBy}; read this one again`;
  return new IndexingError('FileAccess', detail);
}

async function importHdf5(file: string): Promise<Library> {
  try {
    return requireMembers(file, 'h5', 'h5wasm', await loadPackage('h5wasm'), ['File', 'ready']);
  } catch (cause) {
    throw missingPackage(file, 'h5', 'h5wasm', cause);
  }
}

function canRenew(): boolean {
  return importAnew !== undefined && renewals < MAX_RENEWALS;
}

async function renew(file: string, brokenBy: string): Promise<Library> {
  const refuse = (cause?: unknown) => {
    const detail = `cannot read ${file}: the HDF5 library broke down over ${brokenBy}; start the program again`;
    return new IndexingError('FileAccess', detail, { cause });
  };
  if (importAnew === undefined || !canRenew()) throw refuse();
  return importAnew(++renewals).catch((cause: unknown) => {
    throw refuse(cause);
  });
}
