export const isolation: Record<string, string>;
export function servePages(
  root: string,
  headers?: Record<string, string>,
): Promise<{ readonly url: string; close(): Promise<void> }>;
