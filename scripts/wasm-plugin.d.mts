/** The part of a plugin of Rollup that is used. */
export function wasmPlugin(): {
  name: string;
  resolveId(source: string): string | null;
  load(id: string): string | null;
};
