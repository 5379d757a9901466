import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { TwinClock } from '../kit/clock.ts';
import { JobRequest, createJobs } from './bulk-jobs.ts';
import type { Job, JobState, Jobs } from './bulk-jobs.ts';
import { Refusal, readJson } from './call.ts';
import type { Answer, Call } from './call.ts';
import type { BulkQueries } from './options.ts';
import type { Org } from './org.ts';

const Abort = z.strictObject({ state: z.literal('Aborted') });
const TERMINAL: readonly JobState[] = ['JobComplete', 'Aborted', 'Failed'];
// Rows per set when maxRecords does not say ("a default value based on the service").
const USUAL_SET = 50_000;

export type BulkQueryApi = { handle(call: Call): Answer | null };

/**
 * Bulk API 2.0 query: a job is queued, worked off, and its results come set by set, Sforce-Locator "null" on the last. Of what
 * the guide describes only resultPages (parallel results) and the list's filters are missing.
 */
export function createBulkQueryApi(org: Org, clock: TwinClock, behaviour: BulkQueries): BulkQueryApi {
  const jobs = createJobs(org, clock, behaviour);
  return {
    handle: (call) => {
      const [, id = '', rest = ''] = /^\/jobs\/query(?:\/(\w+)(\/results)?)?\/?$/.exec(call.path) ?? [];
      if (!call.path.startsWith('/jobs/query')) return null;
      if (!org.permissions.mayUseBulk(call.user))
        throw new Refusal(
          403,
          'API_DISABLED_FOR_ORG',
          'The Bulk API is not enabled for this organization or user type',
        );
      if (id === '') return answerAll(call, jobs);
      const job = jobs.find(id);
      if (rest !== '') return call.method === 'GET' ? answerResults(call, jobs, job) : null;
      if (call.method === 'GET')
        return { status: 200, json: describe(job, jobs.state(job), true), operation: 'bulk query' };
      if (call.method === 'PATCH') return abort(call, jobs, job);
      return call.method === 'DELETE' ? remove(jobs, job) : null;
    },
  };
}

function answerAll(call: Call, jobs: Jobs): Answer | null {
  if (call.path.replace(/\/$/, '') !== '/jobs/query') return null;
  if (call.method === 'GET') {
    const records = jobs.list().map((job) => describe(job, jobs.state(job), true));
    return { status: 200, json: { done: true, records, nextRecordsUrl: null }, operation: 'bulk query list' };
  }
  if (call.method !== 'POST') return null;
  const body = JobRequest.safeParse(readJson(call));
  if (!body.success) {
    const [issue] = body.error.issues;
    throw new Refusal(
      400,
      'INVALIDJOB',
      `InvalidJob : ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
    );
  }
  const job = jobs.open(call.user, call.version, body.data);
  // A new job tells neither its type nor its numbers yet.
  return { status: 200, json: describe(job, 'UploadComplete', false), operation: 'bulk query create' };
}

function describe(job: Job, state: JobState, whole: boolean): Record<string, unknown> {
  const at = new Date(job.createdAt).toISOString().replace(/\.\d{3}Z$/, '.000+0000');
  const { operation, columnDelimiter, lineEnding } = job.request;
  const message = job.ended?.message ?? null;
  return {
    ...brief(job, state, at, operation),
    lineEnding,
    columnDelimiter,
    ...(whole
      ? {
          jobType: 'V2Query',
          numberRecordsProcessed: job.result?.lines.length ?? 0,
          retries: 0,
          totalProcessingTime: 0,
          isPkChunkingSupported: true,
          ...(message === null ? {} : { errorMessage: message }),
        }
      : {}),
  };
}

function brief(job: Job, state: JobState, at: string, operation: string): Record<string, unknown> {
  return {
    id: job.id,
    operation,
    object: job.object,
    createdById: job.user.id,
    createdDate: at,
    systemModstamp: at,
    state,
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: Number(job.version.slice(1)),
  };
}

function abort(call: Call, jobs: Jobs, job: Job): Answer {
  if (!Abort.safeParse(readJson(call)).success)
    throw new Refusal(400, 'INVALIDJOB', 'InvalidJob : a query job can only be set to Aborted');
  if (TERMINAL.includes(jobs.state(job)))
    throw new Refusal(400, 'INVALIDJOBSTATE', `InvalidJobState : the job is already ${jobs.state(job)}`);
  job.ended = { state: 'Aborted', message: null };
  const at = new Date(job.createdAt).toISOString().replace('Z', '+0000');
  return {
    status: 200,
    json: brief(job, 'Aborted', at, job.request.operation),
    operation: 'bulk query abort',
  };
}

function remove(jobs: Jobs, job: Job): Answer {
  if (!TERMINAL.includes(jobs.state(job)))
    throw new Refusal(
      400,
      'API_ERROR',
      'Error encountered when deleting the job because the job is not terminated',
    );
  jobs.remove(job);
  return { status: 204, operation: 'bulk query delete' };
}

function answerResults(call: Call, jobs: Jobs, job: Job): Answer {
  if (call.version !== job.version)
    throw new Refusal(409, 'API_ERROR', `The job was created with API version ${job.version.slice(1)}`);
  const accepted = call.headers.accept ?? '*/*';
  if (!/text\/csv|text\/\*|\*\/\*/.test(accepted))
    throw new Refusal(406, 'NOT_ACCEPTABLE', 'Only text/csv is supported');
  const state = jobs.state(job);
  // The guide's example of a job that is not there yet.
  if (job.result === null)
    throw new Refusal(
      412,
      'JOB_NOT_COMPLETE',
      `can only download query results of successfully completed bulk job with status: JOB_COMPLETE. Current status: ${state}`,
    );
  const locator = call.query.get('locator');
  const from = locator === null ? 0 : job.locators.get(locator);
  const size = Number(call.query.get('maxRecords') ?? USUAL_SET);
  if (from === undefined) throw new Refusal(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
  if (!Number.isInteger(size) || size < 1)
    throw new Refusal(400, 'API_ERROR', 'maxRecords must be a positive number');
  const lines = job.result.lines.slice(from, from + size);
  const content = job.result.header + lines.join('');
  const zipped = /\bgzip\b/.test(call.headers['accept-encoding'] ?? '');
  return {
    status: 200,
    text: { type: 'text/csv', content: zipped ? gzipSync(content, { level: 1 }) : content },
    headers: {
      ...(zipped ? { 'content-encoding': 'gzip' } : {}),
      'sforce-locator': locatorAt(job, from + lines.length),
      'sforce-numberofrecords': String(lines.length),
    },
    operation: 'bulk query results',
    units: lines.length,
  };
}

/** A string that says nothing, and stays the same while the job lives. */
function locatorAt(job: Job, row: number): string {
  if (row >= (job.result?.lines.length ?? 0)) return 'null';
  const locator = createHash('sha256').update(`${job.id}:${row}`).digest('base64url').slice(0, 12);
  job.locators.set(locator, row);
  return locator;
}
