/**
 * What stands in for @assemblyscript/loader in what pages load (rollup.config.mjs): the one call of it that is used. Its
 * views on strings, arrays and classes, which the kernel has none of, would be a quarter of the whole.
 */
export function instantiateSync(
  module: WebAssembly.Module,
  imports: WebAssembly.Imports,
): { readonly instance: WebAssembly.Instance } {
  return { instance: new WebAssembly.Instance(module, imports) };
}
