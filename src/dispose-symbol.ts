/**
 * The key of `using`, also where the platform lacks `Symbol.dispose` (Node before 20.5, Safari). Nothing global is
 * changed: the registered symbol taken instead is the one that esbuild and Babel look for when they compile `using`.
 */
export const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');
