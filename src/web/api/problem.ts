import { STATUS_CODES } from 'node:http';
import type { Response } from 'express';
import { z } from 'zod';
import { HttpError } from '../http-error.ts';
import { requestId } from '../requests.ts';

/** What is wrong with one part of a request. */
export const FieldProblem = z.object({
  in: z.enum(['body', 'query', 'path', 'header']),
  pointer: z.string().describe('JSON pointer to the value (RFC 6901), or the name of the parameter'),
  message: z.string(),
});

/** How every error is told (RFC 9457). */
export const Problem = z.object({
  type: z.string().describe('what kind of problem it is; stays the same from release to release'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  fix: z.string().optional().describe('what to do about it'),
  fields: z.array(FieldProblem).optional().describe('where the request itself is wrong'),
  requestId: z.string().describe('names the request in our log'),
});

type ProblemDetails = {
  /** Kind; the status says it unless told. */
  kind?: string;
  fields?: z.infer<typeof FieldProblem>[];
  headers?: Record<string, string>;
};

/** An answer of the API other than 2xx. */
export class ApiError extends HttpError {
  override name = 'ApiError';
  readonly details: ProblemDetails;

  constructor(status: number, message: string, fix?: string, details: ProblemDetails = {}) {
    super(status, message, fix, details.headers);
    this.details = details;
  }
}

/** Answers a program with what went wrong and what it can do. */
export function answerProblem(
  error: unknown,
  answer: { status: number; message: string; fix: string | undefined },
  response: Response,
): void {
  const details = error instanceof ApiError ? error.details : {};
  const title = STATUS_CODES[answer.status] ?? 'Error';
  const kind = details.kind ?? title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  const problem: z.infer<typeof Problem> = {
    type: `urn:fieldnote:problem:${kind}`,
    title,
    status: answer.status,
    detail: answer.message,
    ...(answer.fix === undefined ? {} : { fix: answer.fix }),
    ...(details.fields === undefined ? {} : { fields: details.fields }),
    requestId: requestId(response),
  };
  response.status(answer.status).type('application/problem+json').send(JSON.stringify(problem));
}
