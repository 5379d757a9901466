import type { Request, Response } from 'express';
import type { FaultSettings } from '../kit/faults.ts';
import { startTwin } from '../kit/twin.ts';
import type { Twin } from '../kit/twin.ts';
import { normalizeHost } from '../kit/world-rows.ts';
import { escapeHtml, framePage } from './frame.ts';
import type { WebDocument, WebState } from './state.ts';

const PAGE_OF_STATUS: Record<number, { title: string; body: string }> = {
  401: { title: 'Sign in', body: 'Sign in to see this page.' },
  403: { title: 'Access denied', body: 'You do not have permission to view this page on this server.' },
  404: { title: 'Page not found', body: 'The page that you are looking for is not here.' },
  410: { title: 'Gone', body: 'This page was taken down.' },
  451: { title: 'Not available', body: 'This page is not available in your country.' },
  503: { title: 'Service unavailable', body: 'The site is down for maintenance.' },
};

function statusPage(status: number): string {
  const { title, body } = PAGE_OF_STATUS[status] ?? { title: `Error ${status}`, body: 'The site failed.' };
  return `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1><p>${body}</p></body></html>`;
}

/** The page's address that follows the gateway's own slash; null when there is none. */
function targetOf(originalUrl: string): URL | null {
  const target = URL.parse(originalUrl.slice(1));
  if (target === null || (target.protocol !== 'http:' && target.protocol !== 'https:')) return null;
  return target;
}

function linksOf(web: WebState, host: string, document: WebDocument): { url: string; title: string }[] {
  return web
    .siteOf(host)
    .filter((other) => other.key !== document.key && other.status < 300)
    .map(({ url, title }) => ({ url, title }));
}

function answerDocument(web: WebState, target: URL, document: WebDocument, response: Response): void {
  const { status } = document;
  if (status >= 300 && status < 400) {
    // A redirect's text is the address it leads to; the gateway keeps the visitor on its own host.
    const next = URL.parse(document.text.trim(), target.href);
    if (next === null)
      throw new Error(`${document.url}: a page with status ${status} needs an address as its text`);
    response.status(status).set('location', `/${next.href}`).type('html').end();
    return;
  }
  const host = normalizeHost(target.hostname);
  const framed = () => framePage(document, web.nameOf(host), host, linksOf(web, host, document));
  const body = document.html ?? (status === 200 ? framed() : statusPage(status));
  response.status(status).type('html').send(body);
}

function answerPage(web: WebState, request: Request, response: Response): void {
  response.locals.operation = 'page';
  const target = targetOf(request.originalUrl);
  if (target === null) {
    response
      .status(400)
      .type('text')
      .send('Put the full address of a page after the slash, with http:// or https://.\n');
    return;
  }
  const host = normalizeHost(target.hostname);
  if (!web.knowsHost(host)) {
    response
      .status(400)
      .type('text')
      .send(`Host ${escapeHtml(host)} could not be resolved.\n`);
    return;
  }
  if (target.pathname === '/robots.txt') {
    response.locals.operation = 'robots';
    const robots = web.robotsOf(host);
    if (robots === null) response.status(404).type('html').send(statusPage(404));
    else response.type('text').send(robots);
    return;
  }
  const document = web.find(target.href);
  if (document === undefined) response.status(404).type('html').send(statusPage(404));
  else answerDocument(web, target, document, response);
}

/**
 * The reader gateway before the sandbox's web: `GET /https://acme.example/about` answers that page's HTML with its site's
 * status. A host that does not exist is 400 "could not be resolved"; redirects lead to the gateway's own address of the next page.
 */
export function startWebTwin(options: {
  web: WebState;
  port?: number;
  faults?: Partial<FaultSettings>;
}): Promise<Twin> {
  const { web } = options;
  return startTwin(
    {
      name: 'web',
      mount: ({ app }) => {
        app.use((request, response) => {
          if (request.path === '/') {
            response.locals.operation = 'health';
            response.type('text').send('Reader gateway: put the address of a page after the slash.\n');
          } else if (request.method === 'GET' || request.method === 'HEAD')
            answerPage(web, request, response);
          else response.status(405).set('allow', 'GET, HEAD').end();
        });
      },
      dump: () => ({ documents: web.documents().length, revision: web.revision(), edits: web.edits() }),
      edit: (body) => web.edit(body),
      answerFault: (response, status, retryAfterSeconds) => {
        if (status === 429) response.set('retry-after', String(retryAfterSeconds));
        response.status(status).type('text').send(`${status}\n`);
      },
    },
    options,
  );
}
