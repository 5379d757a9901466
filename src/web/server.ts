import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import express from 'express';
import helmet from 'helmet';
import { UserError } from '../errors.ts';
import { answerErrors, refuseUnknownPath } from './answer-errors.ts';
import { serveApi } from './api/serve.ts';
import { serveAccount } from './auth/account.ts';
import { serveEmbeds } from './auth/embeds.ts';
import { LINK_TRIES, serveLinks } from './auth/open-links.ts';
import { serveOpened } from './auth/opened-pages.ts';
import { requireVisitor } from './auth/sessions.ts';
import { serveSignIn } from './auth/sign-in.ts';
import { serveHubspotCard } from './buttons/hubspot.ts';
import { serveSalesforceButton } from './buttons/salesforce.ts';
import type { WebDeps } from './deps.ts';
import { checkHost, refuseBeyondLoopback } from './guard.ts';
import { createHealth, serveHealth } from './health.ts';
import { servePages } from './pages/pages.ts';
import { createProgressFeed } from './progress-feed.ts';
import { trackRequests } from './requests.ts';
import { createTries } from './tries.ts';
import { serveHubspotWebhooks } from './webhooks/hubspot.ts';

export type WebServer = {
  /** Starts to listen; port 0 takes a free one. Throws UserError when the address can't be had. */
  listen(port: number, host: string): Promise<{ port: number }>;
  /** Stops accepting, ends live streams, lets requests finish within `graceMs` milliseconds, then cuts them off. */
  close(graceMs: number): Promise<void>;
};

const ASSETS = fileURLToPath(new URL('./assets/', import.meta.url));

/**
 * The web server: health, metrics and calls from CRMs on every bind, pages for who is signed in; without sign-in, for this machine alone. No body parser is mounted for all
 * paths: Slack's receiver checks its signature over the raw body.
 */
export function createWebServer(deps: WebDeps): WebServer {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('trust proxy', deps.trustProxy ?? 0);
  const feed = createProgressFeed(deps);
  const health = createHealth(deps);
  let closing = false;

  app.use(trackRequests(deps));
  app.use((_request, response, next) => {
    // A kept-alive connection that goes quiet while we close would hold the process until its own timeout.
    if (closing) response.setHeader('connection', 'close');
    response.once('close', () => {
      if (closing) setImmediate(() => server.closeIdleConnections());
    });
    next();
  });
  app.use(protectPages(deps.publicUrl));
  app.use(checkHost(deps));
  app.use(serveHealth(deps, health));
  const slack = deps.slack?.router ?? null;
  if (slack !== null) app.use(slack);
  app.use(serveHubspotWebhooks(deps));
  // It asks by itself who calls.
  app.use(serveApi(deps));
  app.use(serveHubspotCard(deps));
  app.use(serveSalesforceButton(deps));
  // Asked for beside whatever names no mark of its own, a PDF say.
  app.get('/favicon.ico', (_request, response) => response.redirect(301, '/assets/mark.svg'));
  app.use('/assets', express.static(ASSETS, { index: false, maxAge: '1h', setHeaders: allowLoading }));
  // The link itself says who may: it was given to whoever pressed a button in a CRM.
  const links = { ...deps, tries: createTries(deps, LINK_TRIES) };
  app.use(serveLinks(links));
  app.use(serveOpened(links));
  app.use(serveEmbeds(deps));
  const signIn = deps.signIn ?? null;
  if (signIn === null) app.use(refuseBeyondLoopback(deps));
  else {
    app.use(serveSignIn({ ...deps, signIn }));
    app.use(requireVisitor({ ...deps, signIn }));
    app.use(serveAccount({ ...deps, signIn }));
  }
  app.use(servePages({ ...deps, feed, health }));
  app.use(refuseUnknownPath);
  app.use(answerErrors(deps));
  const server = createServer(app);

  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', (error) => reject(explainListenError(error, port, host)));
        server.listen(port, host, () => resolve({ port: portOf(server.address()) }));
      }),
    close: async (graceMs) => {
      if (closing) return;
      closing = true;
      feed.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const timer = setTimeout(() => {
        deps.log.warn({ graceMs }, 'requests were still open when the web server closed; they were cut off');
        server.closeAllConnections();
      }, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Styles and scripts are no secret, and an embed in a frame that the CRM sandboxes has no origin that they could be of. */
function allowLoading(response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('cross-origin-resource-policy', 'cross-origin');
}

/** Scripts, styles and forms from here alone, nothing inline, no frames. */
function protectPages(publicUrl: string) {
  const secure = publicUrl.startsWith('https:');
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'img-src': ["'self'"],
        'connect-src': ["'self'"],
        'form-action': ["'self'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    // Not no-referrer: browsers then send "Origin: null" with our own forms.
    referrerPolicy: { policy: 'same-origin' },
    // Over plain http the header means nothing; on a developer's machine it would lock other ports out.
    strictTransportSecurity: secure ? { maxAge: 31_536_000 } : false,
  });
}

function explainListenError(error: Error, port: number, host: string): Error {
  const code: unknown = Reflect.get(error, 'code');
  if (code === 'EADDRINUSE')
    return new UserError(
      `Port ${port} on ${host} is taken`,
      'Stop what listens there, or set PORT to another one.',
      error,
    );
  if (code === 'EACCES')
    return new UserError(`Port ${port} needs more rights`, 'Set PORT to 1024 or more.', error);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new UserError(`${host} is no address of this machine`, 'Set HOST to 127.0.0.1 or 0.0.0.0.', error);
  return error;
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('the web server has no port');
  return address.port;
}
