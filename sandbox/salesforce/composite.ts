import { z } from 'zod';
import { Refusal, readJson, refusalBody } from './call.ts';
import type { Answer, Call } from './call.ts';

// REST API guide, "Composite": subrequests in all, and how many of them may be queries or collections.
const MOST_SUBREQUESTS = 25;
const MOST_QUERIES_AND_COLLECTIONS = 5;

// REST API guide, "Composite Request Body": parts inherit these, and the whole request fails where one names them.
const INHERITED = new Set(['accept', 'authorization', 'content-type']);

const Composite = z.object({
  allOrNone: z.boolean().default(false),
  compositeRequest: z
    .array(
      z.object({
        method: z.enum(['GET', 'POST', 'PATCH', 'PUT', 'DELETE']),
        url: z.string(),
        referenceId: z.string().regex(/^[A-Za-z0-9_]+$/),
        body: z.unknown().optional(),
        httpHeaders: z.record(z.string(), z.string()).optional(),
      }),
    )
    .min(1),
});

const COUNTED = /\/(composite\/sobjects|query|queryAll)(\/|\?|$)/;

function checkCounts(subrequests: readonly { url: string; referenceId: string }[]): void {
  const refuse = (message: string): never => {
    throw new Refusal(400, 'LIMIT_EXCEEDED', message);
  };
  if (subrequests.length > MOST_SUBREQUESTS)
    refuse(`The maximum number of subrequests is ${MOST_SUBREQUESTS}, sent: ${subrequests.length}`);
  const counted = subrequests.filter(({ url }) => COUNTED.test(url)).length;
  if (counted > MOST_QUERIES_AND_COLLECTIONS)
    refuse(
      `At most ${MOST_QUERIES_AND_COLLECTIONS} subrequests may be queries or collections, sent: ${counted}`,
    );
  if (new Set(subrequests.map(({ referenceId }) => referenceId)).size < subrequests.length)
    throw new Refusal(400, 'INVALID_INPUT', 'Each referenceId must be unique');
}

function checkHeaders({ httpHeaders = {}, referenceId }: Subrequest): void {
  const inherited = Object.keys(httpHeaders).find((name) => INHERITED.has(name.toLowerCase()));
  if (inherited !== undefined)
    throw new Refusal(400, 'INVALID_INPUT', `${referenceId} inherits the header ${inherited}: leave it out`);
}

/** POST /composite: up to 25 requests in one call, answered 200 as a whole, each with its own status. */
export function runComposite(call: Call, dispatch: (call: Call) => Answer): Answer {
  const body = Composite.safeParse(readJson(call));
  if (!body.success)
    throw new Refusal(400, 'JSON_PARSER_ERROR', `compositeRequest: ${body.error.issues[0]?.message ?? ''}`);
  const { compositeRequest, allOrNone } = body.data;
  if (allOrNone) throw new Refusal(400, 'INVALID_INPUT', 'The sandbox takes only allOrNone: false');
  checkCounts(compositeRequest);
  compositeRequest.forEach(checkHeaders);
  let units = 0;
  const compositeResponse = compositeRequest.map((sub) => {
    const answer = answerPart(call, sub, dispatch);
    units += answer.units ?? 1;
    return {
      body: answer.json ?? null,
      httpHeaders: answer.headers ?? {},
      httpStatusCode: answer.status,
      referenceId: sub.referenceId,
    };
  });
  return { status: 200, json: { compositeResponse }, operation: 'composite', units };
}

type Subrequest = z.infer<typeof Composite>['compositeRequest'][number];

function answerPart(call: Call, sub: Subrequest, dispatch: (call: Call) => Answer): Answer {
  const headers = Object.fromEntries(
    Object.entries(sub.httpHeaders ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const url = URL.parse(sub.url, call.url);
  const [, version = '', path = ''] = /^\/services\/data\/(v\d+\.0)(\/.*)$/.exec(url?.pathname ?? '') ?? [];
  try {
    if (url === null || version !== call.version || path === '/composite')
      throw new Refusal(400, 'INVALID_INPUT', `Subrequest url must be below /services/data/${call.version}/`);
    if (path.startsWith('/jobs/'))
      throw new Refusal(400, 'INVALID_INPUT', 'Bulk jobs can not be subrequests of a composite');
    return dispatch({
      ...call,
      method: sub.method,
      path,
      query: url.searchParams,
      headers,
      body: Buffer.from(sub.body === undefined ? '' : JSON.stringify(sub.body)),
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: error.status, json: refusalBody(error), operation: 'refused' };
  }
}
