/** A compiled kernel, inlined by scripts/wasm-plugin.mjs. */
declare module 'kernel:*' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
