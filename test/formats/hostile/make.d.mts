/** Name of the file: its bytes, and what is said of them. */
export const hostile: Readonly<Record<string, readonly [Uint8Array, RegExp]>>;
