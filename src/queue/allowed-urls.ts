/**
 * Which URLs a worker fetches: http and https only, without user and password, and, where prefixes are given, only what lies below one of
 * them. A prefix is compared after both were parsed: scheme, host and port must be equal, and the path must go on at a whole segment.
 */
import { invalidConfiguration } from '../base/errors.js';
import { isHttp, nameOfUrl } from '../formats/node/http-ranges.js';

/** @throws {IndexingError} `InvalidConfiguration` for what is no prefix */
export function checkPrefixes(prefixes: unknown): string[] {
  if (!Array.isArray(prefixes)) throw invalidConfiguration('allowUrls', 'an array of URLs', prefixes);
  for (const prefix of prefixes as unknown[]) {
    const url = typeof prefix === 'string' && URL.canParse(prefix) ? new URL(prefix) : undefined;
    if (!url || !isHttp(url) || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
      throw invalidConfiguration('allowUrls', 'http or https URLs without user, password and query', prefix);
  }
  return prefixes as string[];
}

/** Why the URL is not fetched; undefined where it is. */
export function refusalOfUrl(url: URL, prefixes: readonly string[]): string | undefined {
  if (!isHttp(url)) return `${url.protocol.slice(0, 20)} is neither http nor https`;
  if (url.username !== '' || url.password !== '')
    return `${nameOfUrl(url)} has a user or a password; use a URL that is signed`;
  if (prefixes.length === 0 || prefixes.some((prefix) => isBelow(url, new URL(prefix)))) return undefined;
  return `${nameOfUrl(url)} is below no --allow-url`;
}

function isBelow(url: URL, prefix: URL): boolean {
  if (url.origin !== prefix.origin) return false;
  if (prefix.pathname === '/') return true;
  // A server may take an encoded slash, or a backslash, for a separator; the path would lead elsewhere then.
  if (/%2f|%5c|\\/i.test(url.pathname)) return false;
  const folder = prefix.pathname.endsWith('/') ? prefix.pathname : `${prefix.pathname}/`;
  return url.pathname === prefix.pathname || url.pathname.startsWith(folder);
}
