import { z } from 'zod';
import type { TwinClock } from '../kit/clock.ts';
import { DELIMITERS, showCell, writeLine } from './bulk-csv.ts';
import { refuseBulkSoql } from './bulk-soql.ts';
import { Refusal } from './call.ts';
import type { TwinUser } from './call.ts';
import { makeId } from './ids.ts';
import type { BulkQueries } from './options.ts';
import type { Org } from './org.ts';
import { openPath } from './soql-filter.ts';
import { parseSoql } from './soql-parse.ts';
import type { Select } from './soql-parse.ts';
import { runSoql } from './soql-run.ts';
import { openTable } from './tables.ts';

/** The body of POST /jobs/query. */
export const JobRequest = z.strictObject({
  operation: z.enum(['query', 'queryAll']),
  query: z.string().min(1),
  contentType: z.literal('CSV').default('CSV'),
  columnDelimiter: z.enum(['BACKQUOTE', 'CARET', 'COMMA', 'PIPE', 'SEMICOLON', 'TAB']).default('COMMA'),
  lineEnding: z.enum(['LF', 'CRLF']).default('LF'),
});
type JobRequest = z.infer<typeof JobRequest>;

export type JobState = 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Aborted' | 'Failed';

export type Job = {
  id: string;
  request: JobRequest;
  object: string;
  user: TwinUser;
  version: string;
  createdAt: number;
  /** The end that it came to before its time. */
  ended: { state: 'Aborted' | 'Failed'; message: string | null } | null;
  /** The CSV lines, header first; fixed once the job is complete. */
  result: { header: string; lines: string[] } | null;
  /** Locators handed out, and the row that each one begins with. */
  locators: Map<string, number>;
};

export type Jobs = {
  open(user: TwinUser, version: string, request: JobRequest): Job;
  /** NOT_FOUND for one that was never opened, is deleted or too old. */
  find(id: string): Job;
  list(): Job[];
  state(job: Job): JobState;
  remove(job: Job): void;
};

// "Bulk API and Bulk API 2.0 Limits and Allocations": results live seven days; jobs are counted over 24 hours.
const LIFESPAN_MS = 7 * 86_400_000;
const WINDOW_MS = 86_400_000;

/** Query jobs: queued, worked off by the twin's clock, their results fixed when they are complete. */
export function createJobs(org: Org, clock: TwinClock, behaviour: BulkQueries): Jobs {
  const jobs = new Map<string, Job>();
  let opened: number[] = [];
  let number = 0;
  const now = (): number => clock.now().getTime();

  const state = (job: Job): JobState => {
    if (job.ended !== null) return job.ended.state;
    if (job.result !== null) return 'JobComplete';
    const spent = now() - job.createdAt;
    if (spent < behaviour.durationMs / 2) return 'UploadComplete';
    if (spent < behaviour.durationMs) return 'InProgress';
    const failure = behaviour.failWith;
    if (failure !== null) {
      job.ended = { state: 'Failed', message: failure };
      return 'Failed';
    }
    job.result = run(org, job);
    return 'JobComplete';
  };

  return {
    state,
    open: (user, version, request) => {
      opened = opened.filter((at) => at > now() - WINDOW_MS);
      if (opened.length >= behaviour.jobsPerDay)
        throw new Refusal(
          400,
          'LIMIT_EXCEEDED',
          `Max bulk v2 query jobs (${behaviour.jobsPerDay}) per 24 hrs has been reached (${opened.length})`,
        );
      refuseBulkSoql(request.query);
      const select = parseSoql(request.query);
      // Columns and filters are checked before the job is queued.
      const { object } = runSoql(org, user, select, { all: true, version });
      number += 1;
      const job: Job = {
        id: makeId('Organization', `bulk-query:${number}`).replace(/^00D/, '750'),
        request,
        object,
        user,
        version,
        createdAt: now(),
        ended: null,
        result: null,
        locators: new Map(),
      };
      jobs.set(job.id, job);
      opened.push(job.createdAt);
      return job;
    },
    find: (id) => {
      const job = jobs.get(id);
      if (job === undefined || now() - job.createdAt > LIFESPAN_MS)
        throw new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist');
      return job;
    },
    list: () => [...jobs.values()],
    remove: (job) => {
      jobs.delete(job.id);
    },
  };
}

function run(org: Org, job: Job): { header: string; lines: string[] } {
  const select = parseSoql(job.request.query);
  const { items } = runSoql(org, job.user, select, {
    all: job.request.operation === 'queryAll',
    version: job.version,
  });
  // Chunks go by primary key: only a query that asks for an order comes in one.
  const ordered = isChunked(select) ? items.toSorted((a, b) => (a.id < b.id ? -1 : 1)) : items;
  const related = (object: string) => openTable(org, job.user, object);
  const table = related(select.object);
  const columns = select.fields.map((path) => openPath(table, path, related));
  const delimiter = DELIMITERS[job.request.columnDelimiter];
  const end = job.request.lineEnding === 'LF' ? '\n' : '\r\n';
  return {
    header: writeLine(select.fields, delimiter, end),
    lines: ordered.map((item) =>
      writeLine(
        columns.map(({ field, read }) => showCell(field, read(item))),
        delimiter,
        end,
      ),
    ),
  };
}

const isChunked = (select: Select): boolean => select.orderBy.length === 0 && select.limit === null;
