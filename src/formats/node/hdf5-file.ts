/**
 * An .h5 file where it lies, through the build of h5wasm that reads files of the system.
 */
import type { HdfFile } from '../hdf5.js';
import { missingPackage } from '../optional-package.js';

export async function openHdfFile(path: string): Promise<HdfFile> {
  const hdf5 = await importHdf5(path);
  const { activate_throwing_error_handler } = await hdf5.ready;
  activate_throwing_error_handler();
  const file = new hdf5.File(path, 'r');
  return { file, close: () => file.close() };
}

async function importHdf5(file: string) {
  try {
    return (await import('h5wasm/node')).default;
  } catch (cause) {
    throw missingPackage(file, 'h5', 'h5wasm', cause);
  }
}
