import type { PgBoss } from 'pg-boss';
import type { GotOn, Handlers } from './handlers.ts';
import {
  CompanyJob,
  ConnectionJob,
  DeadJob,
  PitchJob,
  QUEUES,
  RehearsalJob,
  SLACK_PRIORITY,
  SlackJob,
  UndoJob,
  priorityOf,
} from './jobs.ts';
import type { JobResult } from './jobs.ts';
import { serveQueue } from './serve.ts';
import type { Attempt } from './take-over.ts';

/** The queues of which somebody waits for each job; companies of batches come by the refill loop. */
export const SERVED = [
  QUEUES.companyNow,
  QUEUES.sync,
  QUEUES.catchUp,
  QUEUES.flush,
  QUEUES.pitch,
  QUEUES.undo,
  QUEUES.rehearsal,
  QUEUES.slack,
  QUEUES.dead,
];

// People ask for several companies at once, and a company mostly waits for others: with two, the third of five people waited 16 s for her turn.
const INTERACTIVE_SLOTS = 6;
// Each takes a call to Slack at the most, with a timeout of seconds. Alerts may take the first ones, never the second: else a burst
// of alerts at a slow Slack would hold up who waits for an answer.
const SLACK_SLOTS = 3;
const SLACK_ANSWER_SLOTS = 2;
// Each takes a call to the LLM, which has a pace of its own.
const PITCH_SLOTS = 4;
// Each is one transaction after another on our own database.
const UNDO_SLOTS = 1;
// Each reads a CRM for as long as it takes; somebody waits for it.
const REHEARSAL_SLOTS = 2;

/** Starts handling them, so many jobs of each at a time. */
export async function serveQueues(options: {
  boss: PgBoss;
  handlers: Handlers;
  /** For people who wait for companies; 6 unless told. */
  interactiveSlots?: number | undefined;
  mark: (queue: string, attempts: readonly Attempt[]) => Promise<void>;
  onError: (error: unknown, what: string) => void;
}): Promise<void> {
  const { boss, handlers, interactiveSlots = INTERACTIVE_SLOTS, mark, onError } = options;
  const serve = <T extends DeadJob>(
    queue: string,
    slots: number,
    parse: (data: unknown) => T,
    handle: (job: T, signal: AbortSignal, gotOn: GotOn) => Promise<JobResult>,
  ): Promise<void> =>
    serveQueue({
      boss,
      queue,
      slots,
      parse,
      handle,
      singletonKey: keyOf,
      exclusive: queue === QUEUES.sync || queue === QUEUES.undo,
      priorityOf: (job) => ('pitchRequestId' in job ? priorityOf(job) : 0),
      mark: (attempt) => mark(queue, [attempt]),
      onError,
    });
  const company = (data: unknown): CompanyJob => CompanyJob.parse(data);
  const connection = (data: unknown): ConnectionJob => ConnectionJob.parse(data);
  await serve(QUEUES.companyNow, interactiveSlots, company, handlers.companyNow);
  await serve(QUEUES.sync, 2, connection, handlers.sync);
  await serve(QUEUES.catchUp, 2, connection, handlers.catchUp);
  await serve(QUEUES.flush, 2, connection, handlers.flush);
  await serve(QUEUES.pitch, PITCH_SLOTS, (data) => PitchJob.parse(data), handlers.pitch);
  await serve(QUEUES.undo, UNDO_SLOTS, (data) => UndoJob.parse(data), handlers.undo);
  const rehearsal = (data: unknown): RehearsalJob => RehearsalJob.parse(data);
  await serve(QUEUES.rehearsal, REHEARSAL_SLOTS, rehearsal, handlers.rehearsal);
  const { slack } = handlers;
  if (slack !== undefined)
    for (const [slots, minPriority] of [
      [SLACK_SLOTS, SLACK_PRIORITY.alert],
      [SLACK_ANSWER_SLOTS, SLACK_PRIORITY.answer],
    ] as const)
      await serveQueue({
        boss,
        queue: QUEUES.slack,
        slots,
        minPriority,
        parse: (data) => SlackJob.parse(data),
        handle: slack,
        priorityOf,
        mark: (attempt) => mark(QUEUES.slack, [attempt]),
        onError,
      });
  const bury = async (job: DeadJob): Promise<JobResult> => {
    await handlers.dead(job);
    return 'done';
  };
  await serve(QUEUES.dead, 1, (data) => DeadJob.parse(data), bury);
}

/** Of jobs that wait only once for the same thing. */
function keyOf(job: DeadJob): string | undefined {
  if ('connectionId' in job) return job.connectionId;
  return 'undoRunId' in job ? job.undoRunId : undefined;
}
