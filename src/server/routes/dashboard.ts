/**
 * The page at /dashboard: static files that need no key, and what the page asks for, which does.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { code, version } from 'page:dashboard';
import type { FastifyInstance } from 'fastify';
import { serverSentEvents, serverSentEventsHeaders } from '../../live/server-sent-events.js';
import type { DashboardState } from '../dashboard/dashboard-state.js';
import { dashboardHtml, dashboardIcon, dashboardPolicy } from '../dashboard/html.js';
import { dashboardStyle } from '../dashboard/style.js';
import type { ServerState } from '../watching/server-state.js';
import type { ServerWatch } from '../watching/server-watch.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route is the dashboard's own, and no part of the interface that is described. */
    isPage?: boolean;
  }
}

export interface DashboardParts {
  readonly watch: ServerWatch;
  readonly state: () => ServerState;
}

const FILES: Readonly<Record<string, { readonly type: string; readonly text: string }>> = {
  '/dashboard': { type: 'text/html; charset=utf-8', text: dashboardHtml },
  '/dashboard/app.js': { type: 'text/javascript; charset=utf-8', text: code },
  '/dashboard/style.css': { type: 'text/css; charset=utf-8', text: dashboardStyle },
  '/dashboard/icon.svg': { type: 'image/svg+xml', text: dashboardIcon },
};

export function addDashboardRoutes(app: FastifyInstance, { watch, state }: DashboardParts): void {
  for (const [path, { type, text }] of Object.entries(FILES)) {
    const headers = {
      'content-type': type,
      'content-security-policy': dashboardPolicy,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      // Asked for anew each time, and sent anew when the server is another version.
      'cache-control': 'no-cache',
      etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`,
    };
    app.get(path, { config: { access: 'public', isPage: true } }, (request, reply) => {
      reply.headers(headers);
      if (request.headers['if-none-match'] === headers.etag) reply.code(304).send();
      else reply.send(text);
    });
  }

  const querystring = { type: 'object', properties: { since: { type: 'string', pattern: '^\\d{1,16}$' } } };
  app.get<{ Querystring: { since?: string } }>(
    '/dashboard/state',
    { config: { isPage: true }, schema: { querystring } },
    ({ query: { since = '0' } }): DashboardState => {
      const { uptimeSeconds, engine, collections, requests } = state();
      const { queries, indexes } = watch.monitor.lifetime();
      return {
        version,
        uptimeSeconds,
        engine: { threads: engine.threads, kernel: engine.kernel ?? null },
        threads: engine.threadTimes,
        totals: {
          ingested: indexes.count,
          searches: queries.count,
          requests: requests.reduce((sum, { times }) => sum + times.count, 0),
        },
        samples: watch.samplesSince(Number(since)),
        collections,
      };
    },
  );
  app.get('/dashboard/events', { config: { isPage: true } }, (_, reply) => {
    reply.headers({ ...serverSentEventsHeaders, 'x-content-type-options': 'nosniff' });
    reply.send(Readable.fromWeb(serverSentEvents(watch) as Parameters<typeof Readable.fromWeb>[0]));
  });
}
