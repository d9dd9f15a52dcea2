/**
 * The keys of `using` and `await using`, also where the platform lacks them (Node before 20.5, Safari). Nothing global is
 * changed: the registered symbols taken instead are those that esbuild and Babel look for when they compile `using`.
 */
export const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');
export const asyncDisposeSymbol: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');
