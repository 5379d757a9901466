import { STATUS_CODES } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { answerProblem } from './api/problem.ts';
import { HttpError } from './http-error.ts';
import { renderPage } from './render.ts';
import { pathOf, requestId } from './requests.ts';

type Answer = { status: number; message: string; fix: string | undefined };

/** Nothing matched. */
export function refuseUnknownPath(request: Request): never {
  throw new HttpError(
    404,
    `There is nothing at ${request.path}`,
    'Check the address, or start from the list of companies.',
  );
}

/** The last handler: JSON for programs, a page for people; both name the request, so that its log lines can be found. */
export function answerErrors({ log }: { log: Log }) {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    const answer = answerFor(error);
    const id = requestId(response);
    if (answer.status >= 500)
      log.error({ requestId: id, path: pathOf(request), err: error }, 'request failed');
    if (response.headersSent) {
      next(error);
      return;
    }
    response.status(answer.status);
    response.setHeader('cache-control', 'no-store');
    if (error instanceof HttpError) response.set(error.headers);
    if (request.path.startsWith('/api/')) {
      answerProblem(error, answer, response);
      return;
    }
    if (wantsJson(request)) {
      response.json({ error: { message: answer.message, fix: answer.fix, requestId: id } });
      return;
    }
    response.type('html').send(
      renderPage('error', {
        title: STATUS_CODES[answer.status] ?? 'Error',
        status: answer.status,
        message: answer.message,
        fix: answer.fix,
        requestId: id,
      }),
    );
  };
}

function answerFor(error: unknown): Answer {
  if (error instanceof HttpError) return { status: error.status, message: error.message, fix: error.fix };
  if (error instanceof UserError) return { status: 409, message: error.message, fix: error.fix };
  // Express's own: a malformed body or path.
  const status = error instanceof Error ? Reflect.get(error, 'status') : undefined;
  if (error instanceof Error && typeof status === 'number' && status >= 400 && status < 500)
    return { status, message: `The request can't be read: ${error.message}`, fix: undefined };
  return {
    status: 500,
    message: 'Something went wrong on our side',
    fix: 'Try again. If it stays, look for the request id in the log.',
  };
}

function wantsJson(request: Request): boolean {
  return /^\/(hubspot|salesforce)\//.test(request.path) || request.accepts(['html', 'json']) === 'json';
}
