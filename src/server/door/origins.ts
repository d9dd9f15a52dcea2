/**
 * Requests that pages of other sites make. A browser names the site in `Origin`; programs send none.
 */
import type { IncomingHttpHeaders } from 'node:http';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
/** Request fields that a page may send beside those that every page may. */
const FIELDS = 'api-key, authorization, content-type';
/** Answer fields that a page may read beside those that every page may. */
const EXPOSED = 'retry-after, x-request-id';
/** How long a browser need not ask again. */
const PREFLIGHT_SECONDS = 600;

/** An origin as browsers send it: scheme, host and port, no path. */
export function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;
}

/** Whether the page is not from here. A host is here when it is the one that the request was sent to. */
export function isForeign(origin: string, host: string | undefined): boolean {
  if (host === undefined || !isOrigin(origin)) return true;
  const here = `${new URL(origin).protocol}//${host}`;
  return !URL.canParse(here) || new URL(here).host !== new URL(origin).host;
}

/** Fields of every answer to a page that may read it. */
export function corsHeaders(origin: string): Record<string, string> {
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED, vary: 'Origin' };
}

/** Fields of the answer to a browser that asks whether a page may send a request. */
export function preflightHeaders(origin: string): Record<string, string> {
  return {
    ...corsHeaders(origin),
    'access-control-allow-methods': METHODS,
    'access-control-allow-headers': FIELDS,
    'access-control-max-age': String(PREFLIGHT_SECONDS),
  };
}

/** Whether a browser asks, before it sends a request for a page. */
export function isPreflight(method: string, headers: IncomingHttpHeaders): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}
