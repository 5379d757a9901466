import type { Response } from 'express';
import { UserError, describeError } from '../errors.ts';
import { readProgress } from '../pipeline/runs.ts';
import type { WebDeps } from './deps.ts';
import { describeProgress } from './pages/describe-progress.ts';
import type { ProgressView } from './pages/describe-progress.ts';

export type ProgressFeed = {
  /** Sends the run's progress to this client as Server-Sent Events until the run is over, the client goes or may not stay, or we close. */
  follow(
    run: { workspaceId: string; runId: string },
    response: Response,
    /** Asked with every heartbeat. */
    mayStay: () => Promise<boolean>,
  ): void;
  close(): void;
};

type Viewers = {
  workspaceId: string;
  responses: Map<Response, () => Promise<boolean>>;
  last: string;
  timer: NodeJS.Timeout | null;
};

const LOOK_EVERY_MS = 700;
// Proxies cut connections on which nothing moves, commonly after 30 to 60 seconds.
const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 2_000;

/** One look at the database serves all who watch a run. */
export function createProgressFeed({
  db,
  log,
  heartbeatMs = HEARTBEAT_MS,
}: Pick<WebDeps, 'db' | 'log' | 'heartbeatMs'>): ProgressFeed {
  const watched = new Map<string, Viewers>();
  let closed = false;
  const asking = new WeakSet<Response>();
  /** Ends the stream of a reader who may not come in any more, and keeps that of everybody else open. */
  const beat = async (responses: Viewers['responses'], response: Response): Promise<void> => {
    const mayStay = responses.get(response);
    // Where the database takes longer than a heartbeat to answer, one question is enough.
    if (mayStay === undefined || asking.has(response)) return;
    asking.add(response);
    try {
      if (!(await mayStay())) {
        responses.delete(response);
        response.end();
      }
    } catch (error) {
      log.warn({ err: describeError(error) }, 'whether a reader may stay could not be looked up');
    } finally {
      asking.delete(response);
    }
    if (responses.has(response) && !response.writableEnded) response.write(': still here\n\n');
  };
  const heartbeat = setInterval(() => {
    for (const { responses } of watched.values())
      for (const response of responses.keys()) void beat(responses, response);
  }, heartbeatMs);
  heartbeat.unref();

  const endAll = (runId: string): void => {
    const viewers = watched.get(runId);
    watched.delete(runId);
    if (viewers?.timer) clearTimeout(viewers.timer);
    for (const response of viewers?.responses.keys() ?? []) response.end();
  };

  const look = async (runId: string, viewers: Viewers): Promise<void> => {
    try {
      const progress = describeProgress(await readProgress(db, viewers.workspaceId, runId));
      const event = formatEvent(progress);
      if (event !== viewers.last) for (const response of viewers.responses.keys()) response.write(event);
      viewers.last = event;
      if (progress.over) {
        endAll(runId);
        return;
      }
    } catch (error) {
      if (error instanceof UserError) {
        endAll(runId);
        return;
      }
      // The database may be back with the next look; a stream that stands still says less than one that goes on.
      log.warn({ runId, err: describeError(error) }, 'progress could not be read');
    }
    if (watched.get(runId) === viewers)
      viewers.timer = setTimeout(() => void look(runId, viewers), LOOK_EVERY_MS);
  };

  return {
    follow: ({ workspaceId, runId }, response, mayStay) => {
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        // no-transform: a proxy that compresses would hold events back; the other header says the same to nginx.
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      });
      response.write(`retry: ${RECONNECT_MS}\n\n`);
      if (closed) {
        response.end();
        return;
      }
      let viewers = watched.get(runId);
      if (viewers === undefined) {
        viewers = { workspaceId, responses: new Map(), last: '', timer: null };
        watched.set(runId, viewers);
        void look(runId, viewers);
      } else if (viewers.last !== '') response.write(viewers.last);
      const own = viewers;
      own.responses.set(response, mayStay);
      response.once('close', () => {
        own.responses.delete(response);
        if (own.responses.size > 0 || watched.get(runId) !== own) return;
        watched.delete(runId);
        if (own.timer) clearTimeout(own.timer);
      });
    },
    close: () => {
      closed = true;
      clearInterval(heartbeat);
      for (const runId of watched.keys()) endAll(runId);
    },
  };
}

function formatEvent(progress: ProgressView): string {
  return `event: ${progress.over ? 'over' : 'progress'}\ndata: ${JSON.stringify(progress)}\n\n`;
}
