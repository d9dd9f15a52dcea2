/** The script of the dashboard, made by scripts/page-script-plugin.mjs. */
declare module 'page:dashboard' {
  export const code: string;
  /** Of the package. */
  export const version: string;
}
