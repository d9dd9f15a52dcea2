/**
 * Puts a page under a Content-Security-Policy. Vitest's own scripts have run by then; everything later obeys.
 */
export function adoptPolicy(directives: Record<string, string>): void {
  const meta = document.createElement('meta');
  meta.httpEquiv = 'Content-Security-Policy';
  meta.content = Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
  document.head.append(meta);
}
