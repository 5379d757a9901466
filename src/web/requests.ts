import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';

// What a proxy or a caller may name a request: enough for UUIDs and trace ids, nothing that could forge a log line.
const SANE_ID = /^[A-Za-z0-9._:-]{8,128}$/;

/** Probes and scrapes come every few seconds; in the log they would drown what people did. */
const QUIET = new Set(['/healthz', '/readyz', '/metrics']);

/** A request's path as logs may hold it: without what opens something. */
export function pathOf(request: Request): string {
  return request.path.replace(/^\/(l|opened|embed|embedded)\/[^/]+/i, '/$1/…');
}

/** The id of the request that this answer belongs to. */
export function requestId(response: Response): string {
  const id: unknown = response.locals['requestId'];
  return typeof id === 'string' ? id : 'unknown';
}

/** Gives every request an id (the caller's, where it is sane), and logs and times it when it is over. */
export function trackRequests({ log, metrics }: { log: Log; metrics: Metrics }) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const given = request.get('x-request-id') ?? '';
    const id = SANE_ID.test(given) ? given : randomUUID();
    response.locals['requestId'] = id;
    response.setHeader('x-request-id', id);
    const began = performance.now();
    response.once('close', () => {
      const milliseconds = Math.round(performance.now() - began);
      const { method } = request;
      const status = response.statusCode;
      metrics.timeRequest({ method, route: routeOf(request), status, milliseconds });
      const line = { requestId: id, method, path: pathOf(request), status, milliseconds };
      if (!response.writableFinished) log.info(line, 'request given up by the caller');
      else if (QUIET.has(request.path)) log.debug(line, 'request');
      else log.info(line, 'request');
    });
    next();
  };
}

/** The pattern that matched, so that a thousand companies are one label. */
function routeOf(request: Request): string {
  const route: unknown = request.route;
  const path = typeof route === 'object' && route !== null ? Reflect.get(route, 'path') : undefined;
  return typeof path === 'string' ? path : 'none';
}
