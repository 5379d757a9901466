import { z } from 'zod';
import type { RecordWrite, WriteOutcome } from '../crm.ts';
import { keysOf } from './fields.ts';
import { CONVERTED } from './read-current.ts';

/** What the platform says against one row. */
export type RowProblem = { code: string; message: string; fields: readonly string[] };

// The record is not there any more: deleted, or purged so that its id means nothing.
const GONE = new Set(['ENTITY_IS_DELETED', 'NOT_FOUND', 'INVALID_CROSS_REFERENCE_KEY']);

// Passes by itself within minutes: someone else's transaction, a busy server, others' use of the daily limit. An approval
// (ENTITY_IS_LOCKED) takes days.
const PASSING = new Set([
  'UNABLE_TO_LOCK_ROW',
  'SERVER_UNAVAILABLE',
  'UNKNOWN_EXCEPTION',
  'REQUEST_RUNNING_TOO_LONG',
  'REQUEST_LIMIT_EXCEEDED',
  'QUERY_TIMEOUT',
]);

export const isGone = (code: string): boolean => GONE.has(code);
export const isPassing = (code: string): boolean => PASSING.has(code);

/** Refused, with what the platform said. */
export function toOutcome(write: RecordWrite, problem: RowProblem): WriteOutcome {
  const { object, externalId } = write;
  const { code, message } = problem;
  if (isGone(code)) return { object, externalId, outcome: 'gone', message: `${code}: ${message}` };
  const converted = code === 'CANNOT_UPDATE_CONVERTED_LEAD';
  return {
    object,
    externalId,
    outcome: 'rejected',
    code,
    message: converted ? `${message}: ${CONVERTED}` : message,
    fields: keysOf(problem.fields),
    retryable: isPassing(code),
  };
}

const RestErrors = z
  .array(
    z.object({
      errorCode: z.string(),
      message: z.string().nullish(),
      fields: z.array(z.string()).nullish(),
    }),
  )
  .min(1);

/** The body of a failed subrequest → the first thing said against it. */
export function readProblem(status: number, body: unknown): RowProblem {
  const parsed = RestErrors.safeParse(body);
  const first = parsed.success ? parsed.data[0] : undefined;
  return {
    code: first?.errorCode ?? `HTTP_${status}`,
    message: first?.message ?? `refused with status ${status}`,
    fields: first?.fields ?? [],
  };
}

const SaveResults = z.array(
  z.object({
    success: z.boolean(),
    errors: z
      .array(
        z.object({
          statusCode: z.string(),
          message: z.string().nullish(),
          fields: z.array(z.string()).nullish(),
        }),
      )
      .default([]),
  }),
);

/** A collection's results, in input order; null when they do not match what was sent. */
export function readSaveResults(writes: readonly RecordWrite[], body: unknown): WriteOutcome[] | null {
  const parsed = SaveResults.safeParse(body);
  if (!parsed.success || parsed.data.length !== writes.length) return null;
  return writes.map((write, index): WriteOutcome => {
    const result = parsed.data[index];
    if (result?.success === true)
      return { object: write.object, externalId: write.externalId, outcome: 'applied' };
    const error = result?.errors[0];
    return toOutcome(write, {
      code: error?.statusCode ?? 'UNKNOWN',
      message: error?.message ?? 'refused without a reason',
      // Its own fields alone: what else is wrong with the row is said, in its own words, when the rest of it is sent.
      fields: error?.fields ?? [],
    });
  });
}
