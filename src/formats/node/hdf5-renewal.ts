/**
 * Node evaluates a module once for every URL: another query makes another instance of h5wasm. In a bundle of one file there is no such
 * URL, and a library that broke stays broken.
 */
import { setHdf5Renewal } from '../hdf5-library.js';

setHdf5Renewal(async (turn) => {
  const url = new URL(import.meta.resolve('h5wasm'));
  url.searchParams.set('simdex', String(turn));
  return import(/* webpackIgnore: true */ /* @vite-ignore */ url.href) as Promise<typeof import('h5wasm')>;
});
