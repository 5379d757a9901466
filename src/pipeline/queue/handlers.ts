import type {
  CompanyJob,
  ConnectionJob,
  DeadJob,
  JobResult,
  PitchJob,
  RehearsalJob,
  SlackJob,
  UndoJob,
} from './jobs.ts';

/** Said when a job has got on by itself: workers that died at it before do not count against it any more. */
export type GotOn = () => void;

/** Who does what the queues carry. */
export type Handlers = {
  company: (job: CompanyJob, signal: AbortSignal) => Promise<JobResult>;
  companyNow: (job: CompanyJob, signal: AbortSignal) => Promise<JobResult>;
  sync: (job: ConnectionJob, signal: AbortSignal, gotOn: GotOn) => Promise<JobResult>;
  catchUp: (job: ConnectionJob, signal: AbortSignal, gotOn: GotOn) => Promise<JobResult>;
  flush: (job: ConnectionJob, signal: AbortSignal, gotOn: GotOn) => Promise<JobResult>;
  pitch: (job: PitchJob, signal: AbortSignal) => Promise<JobResult>;
  undo: (job: UndoJob, signal: AbortSignal, gotOn: GotOn) => Promise<JobResult>;
  rehearsal: (job: RehearsalJob, signal: AbortSignal, gotOn: GotOn) => Promise<JobResult>;
  /** Somebody in Slack is to be told; absent where nobody can be. */
  slack?: (job: SlackJob, signal: AbortSignal) => Promise<JobResult>;
  /** A job took so many workers with it that it is not handed out any more. */
  dead: (job: DeadJob) => Promise<void>;
  /** Once a minute on one worker: what is due? */
  tick: () => Promise<void>;
};
