import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { LONGEST_OUTPUT } from './render-template.ts';
import type { Rendered } from './render-template.ts';

const LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };
/** Processor time: a template takes a few milliseconds. With ending its thread a second is over. */
const LONGEST_MS = 800;
/** On a machine whose processors are busy with other work a template waits for its own: that is not its fault, up to here. */
const LONGEST_WAIT_MS = 10_000;
// A thread that had a processor for itself all the time used nearly all of it.
const ALLOWANCE = 0.9;
const LOOK_AGAIN_MS = 50;
/** A thread that does not start says something about the machine, not about the template. */
const START_MS = 15_000;
const MOST_THREADS = 2;
const MOST_WAITING = 500;

const text = z.string().max(LONGEST_OUTPUT);
const Answer = z.union([
  z.literal('ready'),
  z.object({ why: z.string().max(500) }),
  z.object({
    rendered: z.object({
      keyPoints: z.array(text).max(LONGEST_OUTPUT),
      callToAction: text,
      text,
      passages: z.array(z.object({ number: z.number(), instruction: text, fallback: text })).max(12),
    }),
  }),
]);

type Job = {
  source: string;
  json: string;
  resolve(rendered: Rendered): void;
  reject(error: Error): void;
};
type Thread = { worker: Worker; isReady: boolean; job: Job | null; timer: NodeJS.Timeout };

/** How long a template may go on, in milliseconds, before it is looked at again; 0: it used up its time. */
export function allowMore({ usedMs, waitedMs }: { usedMs: number; waitedMs: number }): number {
  if (usedMs >= LONGEST_MS * ALLOWANCE || waitedMs >= LONGEST_WAIT_MS) return 0;
  return Math.max(LOOK_AGAIN_MS, Math.min(LONGEST_MS - usedMs, LONGEST_WAIT_MS - waitedMs));
}

export type TemplateThreads = {
  /** Text of a template and data as JSON → what it gives. UserError: the template fails, or exceeds a limit. */
  run(source: string, json: string): Promise<Rendered>;
  close(): Promise<void>;
};

/**
 * Threads in which templates from outside are rendered: each has 64 MB and less than a second of a processor, and is ended where it wants more. A template
 * occupies one thread at a time, and one that exceeded a limit fails all its waiting renders too, so that it holds up no other one for longer.
 */
export function createTemplateThreads(): TemplateThreads {
  const threads = new Set<Thread>();
  const waiting: Job[] = [];
  let isClosed = false;

  const end = (thread: Thread): Promise<unknown> => {
    clearTimeout(thread.timer);
    threads.delete(thread);
    thread.worker.removeAllListeners('message');
    return thread.worker.terminate();
  };
  /** The thread is of no more use; `why`: what its template did. */
  const fail = (thread: Thread, error: Error): void => {
    if (!threads.has(thread)) return;
    const { job } = thread;
    void end(thread);
    if (job !== null) {
      job.reject(error);
      if (error instanceof UserError)
        for (const same of waiting.filter(({ source }) => source === job.source)) {
          waiting.splice(waiting.indexOf(same), 1);
          same.reject(error);
        }
    }
    pump();
  };
  const send = (thread: Thread, job: Job): void => {
    clearTimeout(thread.timer);
    const { worker } = thread;
    const sent = performance.now();
    const before = worker.cpuUsage();
    const stop = (): void => fail(thread, refuse('it takes too long'));
    const look = async (): Promise<void> => {
      const { user, system } = await worker.cpuUsage(await before);
      if (thread.job !== job) return;
      clearTimeout(thread.timer);
      const more = allowMore({ usedMs: (user + system) / 1_000, waitedMs: performance.now() - sent });
      if (more === 0) stop();
      else thread.timer = setTimeout(watch, more);
    };
    const watch = (): void => {
      thread.timer = setTimeout(stop, LONGEST_MS);
      // A thread that ended meanwhile tells so by its event, and one that does not answer is stopped.
      look().catch(() => undefined);
    };
    before.catch(() => undefined);
    thread.timer = setTimeout(watch, LONGEST_MS);
    worker.postMessage({ source: job.source, json: job.json });
  };
  const hear = (thread: Thread, message: unknown): void => {
    const answer = Answer.safeParse(message).data;
    if (answer === undefined) return fail(thread, refuse('it gave something that is no pitch'));
    if (answer === 'ready') {
      thread.isReady = true;
      clearTimeout(thread.timer);
      if (thread.job === null) thread.worker.unref();
      else send(thread, thread.job);
      return;
    }
    clearTimeout(thread.timer);
    const { job } = thread;
    thread.job = null;
    thread.worker.unref();
    if ('why' in answer) job?.reject(refuse(answer.why));
    else job?.resolve(answer.rendered);
    pump();
  };
  const start = (): Thread => {
    const worker = new Worker(new URL('./template-thread.ts', import.meta.url), {
      env: {},
      resourceLimits: LIMITS,
    });
    const thread: Thread = {
      worker,
      isReady: false,
      job: null,
      timer: setTimeout(() => fail(thread, new Error('a thread for templates did not start')), START_MS),
    };
    worker.on('message', (message: unknown) => hear(thread, message));
    worker.on('error', (error: Error) =>
      fail(
        thread,
        'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? refuse('it needs more than 64 MB of memory')
          : thread.isReady
            ? refuse(error.message)
            : error,
      ),
    );
    worker.on('exit', () => fail(thread, new Error('a thread for templates ended')));
    threads.add(thread);
    return thread;
  };
  const pump = (): void => {
    if (isClosed) return;
    const busy = new Set(Array.from(threads, ({ job }) => job?.source));
    for (const job of waiting.slice()) {
      if (busy.has(job.source)) continue;
      const free =
        Array.from(threads).find((thread) => thread.job === null) ??
        (threads.size < MOST_THREADS ? start() : undefined);
      if (free === undefined) return;
      waiting.splice(waiting.indexOf(job), 1);
      busy.add(job.source);
      free.job = job;
      free.worker.ref();
      if (free.isReady) send(free, job);
    }
  };

  return {
    run: (source, json) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new Error('templates are rendered no more: the process is stopping'));
        if (waiting.length >= MOST_WAITING)
          return reject(new Error(`${MOST_WAITING} templates wait to be rendered: try again in a moment`));
        waiting.push({ source, json, resolve, reject });
        pump();
      }),
    close: async () => {
      isClosed = true;
      const stopped = new Error('the process is stopping');
      for (const job of waiting.splice(0)) job.reject(stopped);
      await Promise.all(
        Array.from(threads, (thread) => {
          thread.job?.reject(stopped);
          return end(thread);
        }),
      );
    },
  };
}

function refuse(why: string): UserError {
  return new UserError(`the template cannot be rendered: ${why}`, 'Correct the template and try again.');
}
