import type { CompanyJob, ConnectionJob, DeadJob, JobResult, PitchJob, SlackJob } from './jobs.ts';

/** Who does what the queues carry. */
export type Handlers = {
  company: (job: CompanyJob, signal: AbortSignal) => Promise<JobResult>;
  companyNow: (job: CompanyJob, signal: AbortSignal) => Promise<JobResult>;
  sync: (job: ConnectionJob, signal: AbortSignal) => Promise<JobResult>;
  catchUp: (job: ConnectionJob, signal: AbortSignal) => Promise<JobResult>;
  flush: (job: ConnectionJob, signal: AbortSignal) => Promise<JobResult>;
  pitch: (job: PitchJob, signal: AbortSignal) => Promise<JobResult>;
  /** Somebody in Slack is to be told; absent where nobody can be. */
  slack?: (job: SlackJob, signal: AbortSignal) => Promise<JobResult>;
  /** A job took so many workers with it that it is not handed out any more. */
  dead: (job: DeadJob) => Promise<void>;
  /** Once a minute on one worker: what is due? */
  tick: () => Promise<void>;
};
