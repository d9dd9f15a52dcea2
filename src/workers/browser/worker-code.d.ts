/** The code of the browser worker, inlined by scripts/worker-plugin.mjs. */
declare module 'worker:browser' {
  const code: string;
  export default code;
}
