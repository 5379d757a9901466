import { z } from 'zod';
import { ProviderError, describeError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { waitFor } from '../resilience.ts';
import type { Client } from './client.ts';
import { provider } from './failures.ts';
import type { BulkSettings } from './bulk-settings.ts';

const Job = z.object({
  id: z.string().regex(/^\w{15,18}$/),
  state: z.enum(['UploadComplete', 'InProgress', 'JobComplete', 'Aborted', 'Failed']),
  errorMessage: z.string().optional(),
});
export type BulkJob = z.infer<typeof Job>;

// Long enough for a delete, short enough not to hold up somebody who stops.
const CLEAN_UP_MS = 10_000;

/** Puts a query job into the org's queue; `soql` may have no ORDER BY, which would keep the platform from cutting it into chunks. */
export async function createJob(client: Client, soql: string, options: CallOptions): Promise<string> {
  const body = JSON.stringify({ operation: 'queryAll', query: soql, contentType: 'CSV', lineEnding: 'LF' });
  const headers = { 'content-type': 'application/json' };
  const { value } = await client.call(
    'bulk query',
    ({ connection }) => connection.request({ method: 'POST', url: '/jobs/query', body, headers }),
    Job,
    // An answer that got lost leaves a job that nobody reads: it costs one of 10,000 a day and goes away after a week.
    { ...options, repeatable: true },
  );
  return value.id;
}

/**
 * Waits until the job has come to its end, whichever: the caller judges. Looks rarely, since each look is an API call.
 * @returns the job; null when it had no end within `waitMs`
 */
export async function awaitJob(
  client: Client,
  id: string,
  options: CallOptions & { bulk: BulkSettings },
): Promise<BulkJob | null> {
  const { firstMs, maxMs } = options.bulk.poll;
  const deadline = performance.now() + options.bulk.waitMs;
  for (let pause = firstMs; ; pause = Math.min(maxMs, pause * 2)) {
    const { value } = await client.call(
      'bulk query state',
      ({ connection }) => connection.request({ method: 'GET', url: `/jobs/query/${id}` }),
      Job,
      { ...options, repeatable: true },
    );
    if (value.state !== 'UploadComplete' && value.state !== 'InProgress') return value;
    if (performance.now() + pause > deadline) return null;
    await waitFor(pause, options.signal);
  }
}

/**
 * Takes the job and its results out of the org, aborting it first if it is still at work. What is read is read: when this fails
 * it is only said.
 */
export async function dropJob(
  client: Client,
  id: string,
  job: { running: boolean },
  options: CallOptions,
): Promise<void> {
  const url = `/jobs/query/${id}`;
  // Also when the caller stops: then of all times.
  const own = { ...options, signal: AbortSignal.timeout(CLEAN_UP_MS), repeatable: true };
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ state: 'Aborted' });
  try {
    if (job.running)
      await client.call(
        'bulk query abort',
        ({ connection }) => connection.request({ method: 'PATCH', url, body, headers }),
        z.unknown(),
        own,
      );
    await client.call(
      'bulk query delete',
      ({ connection }) => connection.request({ method: 'DELETE', url }),
      z.unknown(),
      own,
    );
  } catch (error) {
    if (error instanceof ProviderError && error.kind === 'not-found') return;
    options.onNotice?.(
      `Salesforce bulk query job ${id} could not be deleted (${describeError(error)}); Salesforce deletes it after seven days`,
    );
  }
}

/** The code of that error. */
export const ABORTED = 'Aborted';

/** The error of a job that somebody took away from us. */
export function abortedJob(id: string): ProviderError {
  return new ProviderError({
    provider,
    operation: 'bulk query',
    kind: 'refused',
    code: ABORTED,
    message: `bulk query job ${id} was aborted in the org`,
    fix: 'ask who aborted it (Setup, Bulk Data Load Jobs); the next sync starts a new one',
  });
}
