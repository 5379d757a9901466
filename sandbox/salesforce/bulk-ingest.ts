import { z } from 'zod';
import { readCsv, writeLine } from './bulk-csv.ts';
import { Refusal, readJson } from './call.ts';
import type { Answer, Call } from './call.ts';
import type { OrgEvent } from './events.ts';
import { makeId } from './ids.ts';
import type { Org } from './org.ts';
import { openObject } from './row.ts';
import { planUpdate, readFields } from './save.ts';
import type { DataObject, Field } from './schema.ts';

// Assignment rules run in a job that names one, and in no other (Bulk API 2.0 guide, "Create a Job"). These name none.
const NO_RULES = { 'sforce-auto-assign': 'FALSE' };

const Open = z.object({
  object: z.string(),
  operation: z.literal('update'),
  lineEnding: z.enum(['LF', 'CRLF']).default('LF'),
});
const Change = z.object({ state: z.enum(['UploadComplete', 'Aborted']) });

type Job = {
  id: string;
  object: DataObject;
  state: 'Open' | 'JobComplete' | 'Aborted' | 'Failed';
  created: string;
  upload: string;
  header: string[];
  successful: string[][];
  failed: string[][];
  unprocessed: string[][];
  error: string | null;
};

export type BulkIngestApi = { handle(call: Call): Answer | null };

/** A CSV cell → the JSON that the same value would have been: `#N/A` clears, an empty cell is left alone. */
function fromCell(cell: string, field: Field | undefined): unknown {
  if (cell === '#N/A') return null;
  if (field?.type === 'double' || field?.type === 'int') return cell.trim() === '' ? null : Number(cell);
  if (field?.type === 'boolean') return cell.toLowerCase() === 'true';
  return cell;
}

/** Bulk API 2.0 ingest: update jobs, worked off as soon as the upload is complete. */
export function createBulkIngestApi(org: Org): BulkIngestApi {
  const jobs = new Map<string, Job>();
  const describe = (call: Call, job: Job) => ({
    id: job.id,
    operation: 'update',
    object: job.object,
    createdDate: job.created.replace('Z', '+0000'),
    state: job.state,
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: 68,
    contentUrl: `services/data/${call.version}/jobs/ingest/${job.id}/batches`,
    lineEnding: 'LF',
    columnDelimiter: 'COMMA',
    numberRecordsProcessed: job.successful.length + job.failed.length,
    numberRecordsFailed: job.failed.length,
    ...(job.error === null ? {} : { errorMessage: job.error }),
  });

  const work = (call: Call, job: Job): void => {
    const { header, rows } = readCsv(job.upload);
    job.header = header;
    const idColumn = header.findIndex((name) => name.toLowerCase() === 'id');
    if (idColumn === -1) {
      job.state = 'Failed';
      job.error = 'InvalidBatch : Field name not found : Id';
      job.unprocessed = rows;
      return;
    }
    const events: OrgEvent[] = [];
    for (const row of rows) {
      const id = row[idColumn] ?? '';
      try {
        const values: Record<string, unknown> = {};
        for (const [column, name] of header.entries()) {
          const text = row[column] ?? '';
          if (column === idColumn || text === '') continue;
          values[name] = fromCell(text, org.fields(job.object).get(name.toLowerCase()));
        }
        const fields = readFields(org, call.user, job.object, values);
        events.push(planUpdate(org, call.user, job.object, id, fields, NO_RULES));
        job.successful.push([id, 'false', ...row]);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        job.failed.push([id, `${error.code}:${error.message}:${(error.fields ?? []).join(',')} --`, ...row]);
      }
    }
    org.record(events);
    job.state = 'JobComplete';
  };

  const open = (call: Call): Answer => {
    const body = Open.safeParse(readJson(call));
    if (!body.success) throw new Refusal(400, 'INVALIDJOB', 'InvalidJob: only update jobs of CSV are taken');
    const id = makeId('Organization', `bulk-ingest:${jobs.size}`).replace(/^00D/, '750');
    const object = openObject(org, call, body.data.object);
    const job: Job = {
      id,
      object,
      state: 'Open',
      created: org.now(),
      upload: '',
      header: [],
      successful: [],
      failed: [],
      unprocessed: [],
      error: null,
    };
    jobs.set(id, job);
    return { status: 200, json: describe(call, job), operation: 'bulk ingest' };
  };

  const change = (call: Call, job: Job): Answer => {
    const body = Change.safeParse(readJson(call));
    if (!body.success || job.state !== 'Open')
      throw new Refusal(
        400,
        'INVALIDJOBSTATE',
        'Aborting or completing the job is not possible in this state',
      );
    if (body.data.state === 'Aborted') job.state = 'Aborted';
    else work(call, job);
    return {
      status: 200,
      json: { ...describe(call, job), state: body.data.state },
      operation: 'bulk ingest',
    };
  };

  const results = (job: Job, which: string): Answer => {
    const lists: Record<string, { lead: string[]; rows: string[][] }> = {
      successfulResults: { lead: ['sf__Id', 'sf__Created'], rows: job.successful },
      failedResults: { lead: ['sf__Id', 'sf__Error'], rows: job.failed },
      unprocessedrecords: { lead: [], rows: job.unprocessed },
    };
    const { lead, rows } = lists[which] ?? { lead: [], rows: [] };
    const content = [[...lead, ...job.header], ...rows].map((cells) => writeLine(cells)).join('');
    return {
      status: 200,
      text: { type: 'text/csv', content },
      operation: 'bulk ingest results',
      units: rows.length,
    };
  };

  return {
    handle: (call) => {
      if (call.path === '/jobs/ingest' && call.method === 'POST') return open(call);
      const [, id = '', rest = ''] =
        /^\/jobs\/ingest\/(\w+)(?:\/(batches|successfulResults|failedResults|unprocessedrecords))?\/?$/.exec(
          call.path,
        ) ?? [];
      if (id === '') return null;
      const job = jobs.get(id);
      if (job === undefined) throw new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist');
      if (rest === 'batches' && call.method === 'PUT') {
        if (job.state !== 'Open' || job.upload !== '')
          throw new Refusal(400, 'INVALIDJOBSTATE', 'The job takes one upload while it is open');
        job.upload = call.body.toString('utf8');
        return { status: 201, operation: 'bulk ingest upload' };
      }
      if (rest !== '') return results(job, rest);
      if (call.method === 'PATCH') return change(call, job);
      if (call.method === 'DELETE') {
        jobs.delete(id);
        return { status: 204, operation: 'bulk ingest delete' };
      }
      return { status: 200, json: describe(call, job), operation: 'bulk ingest' };
    },
  };
}
