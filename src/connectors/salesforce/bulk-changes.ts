import { ProviderError, describeError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { ABORTED, abortedJob, awaitJob, createJob, dropJob } from './bulk-job.ts';
import { readResults } from './bulk-results.ts';
import type { BulkSettings } from './bulk-settings.ts';
import { conditionSince, finish, forgetJob, noteLatest } from './changes-cursor.ts';
import type { ChangesCursor } from './changes-cursor.ts';
import type { Client } from './client.ts';
import type { Describe, ObjectDescription } from './describe.ts';
import { judgeRows } from './judge-rows.ts';
import { writeQuery } from './reading.ts';
import type { PageOf, Reading } from './reading.ts';
import { versionOf } from './to-record.ts';

/** `seen`: versions of rows that were read a moment ago, by pages, and need not come again. */
type Options = CallOptions & { bulk: BulkSettings; seen: ReadonlySet<string> };

/** What a bulk query left to do. */
type Left = { state: ChangesCursor; mayUseBulk: boolean };

/**
 * Reads what is left through one bulk query job: the cursor's, if it still lives, else a new one. Each page's cursor names the job,
 * so that whoever goes on after a stop finds it. It is deleted when all is read, when it is of no use, and when whoever reads
 * leaves before hearing of it.
 * @returns null when all is read; otherwise what is left, and whether another job may be tried
 */
export async function* readInBulk<Held>(
  client: Client,
  describe: Describe,
  reading: Reading<Held>,
  from: ChangesCursor,
  options: Options,
): AsyncGenerator<PageOf<Held>, Left | null> {
  const { object } = reading;
  const description = await describe.known(object, options);
  const job = from.job ?? (await startJob(client, reading, description, from, options));
  if (job === null) return { state: from, mayUseBulk: false };
  let state = { ...from, job };
  if (from.job === null) {
    let isKnown = false;
    try {
      yield { ...reading.hold([]), cursor: state };
      isKnown = true;
    } finally {
      if (!isKnown) await dropJob(client, job, { running: true }, options);
    }
  }
  try {
    const trouble = await awaitResults(client, object, job, options);
    if (trouble !== null) {
      options.onNotice?.(`${trouble}; ${object} is read through REST pages instead`);
      return { state: forgetJob(state), mayUseBulk: false };
    }
    for await (const { rows, locator, done } of readResults(
      client,
      { id: job, locator: from.locator },
      { ...options, description },
    )) {
      const judged = judgeRows(object, reading.texts, rows);
      state = { ...noteLatest(state, judged.stamps), job, locator };
      const { seen } = options;
      yield {
        ...reading.hold(
          seen.size === 0 ? judged.rows : judged.rows.filter((row) => !seen.has(versionOf(row))),
        ),
        unreadable: judged.unreadable,
        cursor: done ? finish(state) : state,
        // The job saw the org as it was soon after it was made, and its results are kept for days.
        continues: true,
      };
    }
  } catch (error) {
    // A job that somebody left behind may be tried once more; one of our own that is lost will be lost again.
    const again = { state: forgetJob(state), mayUseBulk: from.job !== null };
    if (error instanceof ProviderError && error.kind === 'not-found') return again;
    // An unknown set, another API version (409), a job that is not ours any more: it would be refused for ever.
    if (error instanceof ProviderError && error.kind === 'refused' && error.code !== ABORTED) {
      await dropJob(client, job, { running: false }, options);
      return again;
    }
    if (error instanceof ProviderError && error.kind === 'malformed')
      await dropJob(client, job, { running: false }, options);
    throw error;
  }
  await dropJob(client, job, { running: false }, options);
  return null;
}

/** A new job; null, with the reason told, where Salesforce takes no bulk query although it answered the same one as pages. */
async function startJob(
  client: Client,
  reading: Reading<unknown>,
  description: ObjectDescription,
  state: ChangesCursor,
  options: Options,
): Promise<string | null> {
  const { object } = reading;
  const soql = writeQuery(reading, description, state, conditionSince(state));
  try {
    return await createJob(client, soql, options);
  } catch (error) {
    const isRefused =
      error instanceof ProviderError && ['refused', 'unauthorized', 'not-found'].includes(error.kind);
    if (!isRefused || error.status === 401) throw error;
    const fix = error.fix === undefined ? '' : ` (${error.fix})`;
    options.onNotice?.(
      `Salesforce takes no bulk query of ${object}, which is read through REST pages instead: ${describeError(error)}${fix}`,
    );
    return null;
  }
}

/** Waits for the job's results; answers why there will be none, the job deleted then. */
async function awaitResults(
  client: Client,
  object: string,
  job: string,
  options: Options,
): Promise<string | null> {
  const ended = await awaitJob(client, job, options);
  if (ended?.state === 'JobComplete') return null;
  await dropJob(client, job, { running: ended === null }, options);
  if (ended?.state === 'Aborted') throw abortedJob(job);
  if (ended === null)
    return `Salesforce bulk query job ${job} was not done within ${Math.round(options.bulk.waitMs / 60_000)} minutes`;
  const reason = ended.errorMessage ?? 'no reason was given; see Setup, Bulk Data Load Jobs';
  return `Salesforce bulk query job ${job} for ${object} failed: ${reason}`;
}
