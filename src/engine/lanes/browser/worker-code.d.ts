/** The code of the browser workers, inlined by scripts/worker-plugin.mjs. */
declare module 'worker:browser' {
  const code: string;
  export default code;
}

declare module 'worker:search' {
  const code: string;
  export default code;
}
