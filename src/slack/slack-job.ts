import type { JobResult, SlackJob } from '../pipeline/queue/jobs.ts';
import { createAlertJob } from './alert-job.ts';
import type { Delivering } from './deliver.ts';
import { createFileJob } from './file-job.ts';
import { createHomeJob } from './home-job.ts';
import { createPostJob } from './post-job.ts';
import { createReplyJob } from './reply-job.ts';
import { createUnfurlJob } from './unfurls.ts';

/** Tells somebody in Slack something, once. */
export function createSlackJob(deps: Delivering): (job: SlackJob, signal: AbortSignal) => Promise<JobResult> {
  const reply = createReplyJob(deps);
  const alert = createAlertJob(deps);
  const file = createFileJob(deps);
  const post = createPostJob(deps);
  const home = createHomeJob(deps);
  const unfurl = createUnfurlJob(deps);
  return async (job, signal) => {
    if ('replyId' in job) return reply(job, signal);
    if ('fileId' in job) return file(job, signal);
    if ('home' in job) return home({ workspaceId: job.workspaceId, ...job.home }, job.askedAt);
    if ('unfurl' in job) return unfurl(job);
    if ('postId' in job) return post(job);
    return alert(job);
  };
}
