import { z } from 'zod';
import { Refusal, readJson } from './call.ts';
import type { Answer, Call } from './call.ts';
import { writeLine } from './bulk-csv.ts';
import { makeId } from './ids.ts';
import type { Org } from './org.ts';
import { parseSoql } from './soql-parse.ts';
import { runSoql } from './soql-run.ts';
import type { Found } from './soql-run.ts';

const Open = z.object({ operation: z.enum(['query', 'queryAll']), query: z.string() });

type Job = { id: string; operation: string; paths: string[]; found: Found; created: string };

export type BulkQueryApi = { handle(call: Call): Answer | null };

// Rows per page when maxRecords does not say.
const USUAL_PAGE = 50_000;

/** Bulk API 2.0 query: the job is done at once; results come page by page, Sforce-Locator "null" on the last. */
export function createBulkQueryApi(org: Org): BulkQueryApi {
  const jobs = new Map<string, Job>();
  const describe = (job: Job) => ({
    id: job.id,
    operation: job.operation,
    object: job.found.object,
    createdDate: job.created.replace('Z', '+0000'),
    state: 'JobComplete',
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: 68,
    lineEnding: 'LF',
    columnDelimiter: 'COMMA',
    numberRecordsProcessed: job.found.items.length,
    retries: 0,
    totalProcessingTime: 1,
  });
  const open = (call: Call): Answer => {
    const body = Open.safeParse(readJson(call));
    if (!body.success) throw new Refusal(400, 'INVALIDJOB', 'InvalidJob: operation and query are required');
    const select = parseSoql(body.data.query);
    const all = body.data.operation === 'queryAll';
    const found = runSoql(org, call.user, select, { all, version: call.version });
    const id = makeId('Organization', `bulk-query:${jobs.size}`).replace(/^00D/, '750');
    const job = { id, operation: body.data.operation, paths: select.fields, found, created: org.now() };
    jobs.set(id, job);
    return { status: 200, json: { ...describe(job), state: 'UploadComplete' }, operation: 'bulk query' };
  };
  const results = (call: Call, job: Job): Answer => {
    const from = Number(call.query.get('locator') ?? '0');
    const size = Number(call.query.get('maxRecords') ?? USUAL_PAGE);
    if (!Number.isInteger(from) || !Number.isInteger(size) || size < 1)
      throw new Refusal(400, 'INVALIDLOCATOR', 'The locator is invalid');
    const items = job.found.items.slice(from, from + size);
    const rows = items.map((item) => {
      const shown = job.found.render(item);
      return writeLine(job.paths.map((path) => cell(shown, path.split('.'))));
    });
    const end = from + items.length;
    return {
      status: 200,
      text: { type: 'text/csv', content: writeLine(job.paths) + rows.join('') },
      headers: {
        'sforce-locator': end < job.found.items.length ? String(end) : 'null',
        'sforce-numberofrecords': String(items.length),
      },
      operation: 'bulk query results',
      units: items.length,
    };
  };
  return {
    handle: (call) => {
      if (call.path === '/jobs/query' && call.method === 'POST') return open(call);
      const [, id = '', rest = ''] = /^\/jobs\/query\/(\w+)(\/results)?$/.exec(call.path) ?? [];
      if (id === '') return null;
      const job = jobs.get(id);
      if (job === undefined) throw new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist');
      if (call.method === 'DELETE') {
        jobs.delete(id);
        return { status: 204, operation: 'bulk query delete' };
      }
      if (rest === '/results') return results(call, job);
      return { status: 200, json: describe(job), operation: 'bulk query' };
    },
  };
}

function cell(shown: Record<string, unknown>, path: readonly string[]): string {
  let value: unknown = shown;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return '';
    const entry = Object.entries(value).find(([key]) => key.toLowerCase() === name.toLowerCase());
    value = entry?.[1];
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
