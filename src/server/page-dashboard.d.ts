/** The script of the dashboard, made by scripts/page-script-plugin.mjs. */
declare module 'page:dashboard' {
  export const code: string;
  export const version: string;
}
