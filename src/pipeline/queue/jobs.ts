import { z } from 'zod';

/** The queues, by what they carry. */
export const QUEUES = {
  /** One company of a batch: stages 2–7. */
  company: 'company',
  /** The same while a person waits: own queue, reserved slots, woken by NOTIFY. */
  companyNow: 'company-now',
  /** Read what changed in one connection. */
  sync: 'sync',
  /** Read the records of one connection that somebody told us to look at. */
  catchUp: 'catch-up',
  /** Send one connection's planned writes. */
  flush: 'flush',
  /** Make a pitch that somebody asked for. */
  pitch: 'pitch',
  /** Plan an undo to its end. */
  undo: 'undo',
  /** Read the CRMs for a dry run. */
  rehearsal: 'rehearsal',
  /** Tell somebody in Slack something. */
  slack: 'slack',
  /** Once a minute: what is due? */
  tick: 'tick',
  /** Jobs that killed their worker again and again: what they were for ends with the reason (dead-letters.ts). */
  dead: 'dead-letters',
} as const;

export const CompanyJob = z.object({ workspaceId: z.uuid(), runId: z.uuid(), companyId: z.uuid() });
export type CompanyJob = z.infer<typeof CompanyJob>;

export const ConnectionJob = z.object({
  workspaceId: z.uuid(),
  connectionId: z.uuid(),
  /** It was put off until something is due, not because something stands in the way: who asks for it has it at once. */
  early: z.boolean().optional(),
});
export type ConnectionJob = z.infer<typeof ConnectionJob>;

export const PitchJob = z.object({
  workspaceId: z.uuid(),
  pitchRequestId: z.uuid(),
  /** Somebody waits for this one alone. */
  now: z.boolean(),
});
export type PitchJob = z.infer<typeof PitchJob>;

export const UndoJob = z.object({ workspaceId: z.uuid(), undoRunId: z.uuid() });
export type UndoJob = z.infer<typeof UndoJob>;

export const RehearsalJob = z.object({ workspaceId: z.uuid(), rehearsedRunId: z.uuid() });
export type RehearsalJob = z.infer<typeof RehearsalJob>;

// Since when it has been tried, for what has no row that says so: milliseconds since the epoch, set by the queue.
const AskedAt = z.number().optional();

export const SlackJob = z.union([
  /** Somebody waits for an answer. */
  z.object({ workspaceId: z.uuid(), replyId: z.uuid() }),
  /** A company's score moved, and somebody wants to hear of it. */
  z.object({ workspaceId: z.uuid(), alertId: z.uuid() }),
  /** A channel is to hear what happened. */
  z.object({ workspaceId: z.uuid(), postId: z.uuid() }),
  /** A pitch is to be put there as a PDF. */
  z.object({ workspaceId: z.uuid(), fileId: z.uuid() }),
  /** Somebody looks at their Home. */
  z.object({
    workspaceId: z.uuid(),
    askedAt: AskedAt,
    home: z.object({ teamId: z.string(), userId: z.string() }),
  }),
  /** A message holds links to our own pages. */
  z.object({
    workspaceId: z.uuid(),
    askedAt: AskedAt,
    unfurl: z.object({
      teamId: z.string(),
      place: z.union([
        z.object({ unfurlId: z.string(), source: z.enum(['composer', 'conversations_history']) }),
        z.object({ channel: z.string(), ts: z.string() }),
      ]),
      urls: z.array(z.string()),
    }),
  }),
]);
export type SlackJob = z.infer<typeof SlackJob>;

/** Who waits for an answer goes first; an alert, which nobody waits for, comes after all of them. Higher is sooner. */
export const SLACK_PRIORITY = { answer: 1, alert: 0 } as const;
export function priorityOf(job: SlackJob | PitchJob): number {
  // One of many pitches that were asked for together may wait for the one that somebody looks at.
  if ('pitchRequestId' in job) return job.now ? 1 : 0;
  return 'alertId' in job || 'postId' in job ? SLACK_PRIORITY.alert : SLACK_PRIORITY.answer;
}

/** A job that took too many workers with it, whichever it was. */
export const DeadJob = z.union([CompanyJob, ConnectionJob, PitchJob, UndoJob, RehearsalJob, SlackJob]);
export type DeadJob = z.infer<typeof DeadJob>;

/**
 * What a handler answers: finished, or come back later (a provider is down; not a failure of the job). `orWhenAsked`: nothing
 * stands in the way until then, so that whoever asks for the job meanwhile need not wait.
 */
export type JobResult = 'done' | { againInMs: number; orWhenAsked?: boolean };

// A worker says every 3 s that it lives; 10 s without a word (pg-boss's least) and the job goes to another one.
const HEARTBEAT_SECONDS = 10;
export const TOUCH_INTERVAL_MS = 3_000;

// Kills burn pg-boss's retries, not ours: failed attempts are counted in run_items. A job that took a hundred workers with
// it, one after another, and got on with none, is poison.
export const KILLS_BEFORE_DEAD = 100;
const HOUR = 3600;

const common = {
  retryLimit: KILLS_BEFORE_DEAD,
  retryDelay: 0,
  heartbeatSeconds: HEARTBEAT_SECONDS,
  deleteAfterSeconds: HOUR,
  retentionSeconds: 365 * 24 * HOUR,
  deadLetter: QUEUES.dead,
};

/** How each queue is set up, the dead letters first since the others name them. */
export const QUEUE_SETUP = [
  {
    name: QUEUES.dead,
    retryLimit: KILLS_BEFORE_DEAD,
    retryDelay: 0,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    // Kept for people to see.
    retentionSeconds: 90 * 24 * HOUR,
    deleteAfterSeconds: 90 * 24 * HOUR,
  },
  { name: QUEUES.company, ...common, expireInSeconds: HOUR },
  { name: QUEUES.companyNow, ...common, expireInSeconds: HOUR / 4, notify: true },
  // A full sync of a large org takes hours; its heartbeat, not its age, says whether it lives.
  { name: QUEUES.sync, ...common, policy: 'exclusive', expireInSeconds: 12 * HOUR, notify: true },
  { name: QUEUES.catchUp, ...common, policy: 'stately', expireInSeconds: HOUR, notify: true },
  { name: QUEUES.flush, ...common, policy: 'stately', expireInSeconds: 2 * HOUR, notify: true },
  { name: QUEUES.pitch, ...common, expireInSeconds: HOUR / 4, notify: true },
  { name: QUEUES.undo, ...common, policy: 'exclusive', expireInSeconds: 2 * HOUR, notify: true },
  // One of a large run reads for minutes; its heartbeat says whether it lives.
  { name: QUEUES.rehearsal, ...common, expireInSeconds: 2 * HOUR, notify: true },
  { name: QUEUES.slack, ...common, expireInSeconds: 300, notify: true },
  { name: QUEUES.tick, policy: 'exclusive', retryLimit: 0, expireInSeconds: 300, deleteAfterSeconds: HOUR },
] as const;
