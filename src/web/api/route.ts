import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Scope } from '../../pipeline/store/api-tokens.ts';
import type { WebDeps } from '../deps.ts';
import type { Caller } from './authenticate.ts';
import { parsePart } from './parse-part.ts';

export type Call<Params, Query, Body> = {
  deps: WebDeps;
  caller: Caller;
  params: Params;
  query: Query;
  body: Body;
  request: Request;
  response: Response;
  /** Aborted when the caller goes. */
  signal: AbortSignal;
};

/** For routes without parameters, a body, or a JSON answer. */
export const NO_PARAMS = z.strictObject({});
export const NOTHING = z.undefined();

type Described = {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below /api/v1, with parameters in braces. */
  path: string;
  /** The operation's id in the document. */
  id: string;
  summary: string;
  description?: string;
  scope: Scope;
  /** How many requests it counts as; one unless told. */
  units?: number;
  /** Does it start work: then an Idempotency-Key and "Prefer: wait" are heard. */
  starts?: boolean;
  /** Has what it is about a version: then it is answered as the ETag, and a change hears If-Match. */
  versioned?: boolean;
  /** What success answers, by status. */
  answers: Record<number, string>;
  /** What it answers with where that is no JSON. */
  media?: string;
  /** A body for the document, and for its reader to try. */
  example?: unknown;
};

/** A route as the router and the document see it. */
export type Route = Described & {
  params: z.ZodObject;
  query: z.ZodObject;
  body: z.ZodType;
  answer: z.ZodType;
  /** Checks the request, acts, and shapes the answer; null: it answered itself. */
  run(call: Call<unknown, unknown, unknown>): Promise<{ status: number; body: unknown } | null>;
};

/** One row of the table of routes: its schemas check what comes in, shape what goes out, and are the document. */
export function route<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(
  described: Described & {
    params: Params;
    query: Query;
    body: Body;
    answer: Answer;
    handle(
      call: Call<z.output<Params>, z.output<Query>, z.output<Body>>,
    ): Promise<{ status?: number; version?: string; body: z.input<Answer> } | null>;
  },
): Route {
  const { params, query, body, answer, handle, ...rest } = described;
  return {
    ...rest,
    params,
    query,
    body,
    answer,
    run: async (call) => {
      const answered = await handle({
        ...call,
        params: parsePart('path', params, call.params),
        query: parsePart('query', query, call.query),
        body: parsePart('body', body, call.body),
      });
      if (answered === null) return null;
      if (answered.version !== undefined) {
        call.response.set('etag', `"${answered.version}"`);
        // A version is of what is stored, and no reason to leave out what is told beside it: the LLMs that may be chosen, say.
        delete call.request.headers['if-none-match'];
      }
      return { status: answered.status ?? 200, body: answer.parse(answered.body) };
    },
  };
}
