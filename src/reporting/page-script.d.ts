/** The script of an interactive page, made by scripts/page-script-plugin.mjs. */
declare module 'page:script' {
  export const code: string;
  export const style: string;
  /** In base64. */
  export const sha256: string;
}
