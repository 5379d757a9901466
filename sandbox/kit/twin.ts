import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import express from 'express';
import type { Express, Request, RequestHandler, Response } from 'express';
import { createCallLog } from './call-log.ts';
import type { CallLog } from './call-log.ts';
import { createClock } from './clock.ts';
import type { TwinClock } from './clock.ts';
import { createFaults } from './faults.ts';
import type { FaultSettings, Faults } from './faults.ts';

/** What a twin's routes are given. */
export type TwinKit = { app: Express; clock: TwinClock; faults: Faults; calls: CallLog };

export type Twin = { name: string; url: string; port: number; kit: TwinKit; close(): Promise<void> };

export type TwinDefinition = {
  name: string;
  /** Mounts the vendor's routes. Set `res.locals.operation`, `units` and `about` for the call log. */
  mount(kit: TwinKit): void;
  /** The whole state for GET /_twin/dump. */
  dump(): unknown;
  /** POST /_twin/edit: change something as a named person or integration; may take its time. Throws on a bad edit. */
  edit(body: unknown): unknown;
  /** Mounts what people use of the twin: no fault touches it, no call log counts it. */
  mountPages?(kit: TwinKit): void;
  /** Sees the server before it listens, for what is no plain request (WebSockets). */
  onServer?(server: Server): void;
  /** Reads bodies before the latency passes, so that what arrived is carried out although its sender is gone by then. */
  readBody?: RequestHandler;
  /** How many rows a request writes; 0: it only reads. */
  countRows?: (request: Request) => number;
  /** True where answers may be streamed: its routes then spend `res.locals.restMs` on the way from the first byte to the last. */
  streams?: boolean;
  /** The vendor's own words for a fault. */
  answerFault(response: Response, status: 429 | 500 | 503, retryAfterSeconds: number): void;
};

// Largest body that any vendor takes here: Salesforce Bulk 2.0 uploads (150 MB) are streamed by their own route.
const BODY_LIMIT = '60mb';

/** Starts a twin on 127.0.0.1 (port 0: any free one). Resolves when it listens. */
export async function startTwin(
  definition: TwinDefinition,
  options: { port?: number; faults?: Partial<FaultSettings> } = {},
): Promise<Twin> {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  const kit: TwinKit = {
    app,
    clock: createClock(),
    faults: createFaults(options.faults),
    calls: createCallLog(),
  };
  mountAdmin(kit, definition);
  definition.mountPages?.(kit);
  if (definition.readBody !== undefined) app.use(definition.readBody);
  app.use(playFaults(kit, definition));
  definition.mount(kit);

  const server = createServer({ keepAliveTimeout: 30_000 }, app);
  definition.onServer?.(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`${definition.name} twin has no port`);
  return {
    name: definition.name,
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    kit,
    close: () => closeServer(server),
  };
}

function mountAdmin(kit: TwinKit, definition: TwinDefinition): void {
  const json = express.json({ limit: BODY_LIMIT });
  const admin = express.Router();
  admin.get('/dump', (_request, response) => {
    response.json(definition.dump());
  });
  admin.get('/calls', (request, response) => {
    const summary = kit.calls.summary();
    response.json(request.query.full === undefined ? summary : { ...summary, calls: kit.calls.list() });
  });
  admin.delete('/calls', (_request, response) => {
    kit.calls.clear();
    response.status(204).end();
  });
  admin.post('/edit', json, (request, response) =>
    answerAdmin(response, () => definition.edit(request.body)),
  );
  admin.get('/faults', (_request, response) => {
    response.json(kit.faults.settings());
  });
  admin.post('/faults', json, (request, response) =>
    answerAdmin(response, () => kit.faults.set(request.body)),
  );
  admin.post('/clock', json, (request, response) =>
    answerAdmin(response, () => {
      const body: unknown = request.body;
      const offset =
        typeof body === 'object' && body !== null && 'offsetMs' in body ? Number(body.offsetMs) : Number.NaN;
      if (Number.isNaN(offset)) throw new Error('send {"offsetMs": NUMBER}');
      kit.clock.set(offset);
      return { now: kit.clock.now().toISOString() };
    }),
  );
  kit.app.use('/_twin', admin);
}

async function answerAdmin(response: Response, act: () => unknown): Promise<void> {
  try {
    response.json((await act()) ?? {});
  } catch (error) {
    response.status(400).json({ error: error instanceof Error ? error.message : String(error) });
  }
}

function playFaults(kit: TwinKit, definition: TwinDefinition) {
  let closedUntil = 0;
  return async (request: Request, response: Response, next: () => void): Promise<void> => {
    const started = Date.now();
    const { fault, delayMs } = kit.faults.draw(
      `${request.method} ${request.path}`,
      definition.countRows?.(request),
    );
    const early = started < closedUntil;
    const unanswered = fault !== null && ['reset', 'hang', 'late', 'lost'].includes(fault);
    const log = (): void => {
      const locals: Record<string, unknown> = response.locals;
      kit.calls.add({
        at: started,
        method: request.method,
        path: request.path,
        status: unanswered ? null : response.statusCode,
        fault,
        operation:
          typeof locals.operation === 'string' ? locals.operation : `${request.method} ${request.path}`,
        units: typeof locals.units === 'number' ? locals.units : 1,
        about: typeof locals.about === 'string' ? locals.about : null,
        early,
        milliseconds: Date.now() - started,
      });
    };
    response.once('close', log);
    const firstMs = definition.streams === true ? delayMs * kit.faults.settings().firstByteShare : delayMs;
    response.locals.restMs = delayMs - firstMs;
    if (firstMs > 0) await wait(firstMs);
    const seconds = kit.faults.settings().retryAfterSeconds;
    switch (fault) {
      case null:
      case 'slow':
        return next();
      case '429':
        closedUntil = Math.max(closedUntil, Date.now() + seconds * 1000);
        return definition.answerFault(response, 429, seconds);
      case '500':
        return definition.answerFault(response, 500, 0);
      case '503':
      case 'down':
        return definition.answerFault(response, 503, 0);
      case 'garbage':
        response.status(200).type('application/json').end('{"results": [{"unterminated');
        return;
      case 'reset':
        request.socket.destroy();
        return;
      case 'hang':
        return;
      case 'late':
        request.socket.destroy();
        await wait(kit.faults.settings().lateMs);
        return next();
      case 'cut':
      case 'stall':
        breakOff(response, fault);
        return next();
      case 'lost':
        response.send = () => {
          response.socket?.destroy();
          return response;
        };
        return next();
    }
  };
}

/** Of the answer's body only the first half goes out. */
function breakOff(response: Response, fault: 'cut' | 'stall'): void {
  const send = response.send.bind(response);
  response.send = (body: unknown) => {
    const whole = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : '');
    if (whole.length < 2) return send(body);
    response.setHeader('content-length', whole.length);
    response.write(whole.subarray(0, whole.length / 2), () => {
      if (fault === 'cut') response.socket?.destroy();
    });
    return response;
  };
}

function closeServer(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
