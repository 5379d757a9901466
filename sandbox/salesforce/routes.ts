import type { TwinClock } from '../kit/clock.ts';
import { createBulkIngestApi } from './bulk-ingest.ts';
import { createBulkQueryApi } from './bulk-query.ts';
import { Refusal } from './call.ts';
import type { Answer, Call } from './call.ts';
import { retrieveCollection, updateCollection } from './collections.ts';
import { runComposite } from './composite.ts';
import { describeGlobal, describeObject } from './describe.ts';
import type { Limits } from './limits.ts';
import type { BulkQueries } from './options.ts';
import type { Org } from './org.ts';
import { createQueryApi } from './query.ts';
import { createTasks, deleteTasks } from './tasks.ts';
import { assignPermissionSet, readRow, updateRow } from './row.ts';

type Route = { method: string; path: RegExp; answer(call: Call, ...parts: string[]): Answer };

/** The REST API below /services/data/vNN.0; also answers the parts of a composite. */
export function createRestApi(
  org: Org,
  limits: Limits,
  clock: TwinClock,
  bulkQueries: BulkQueries,
): (call: Call) => Answer {
  const queries = createQueryApi(org);
  const bulkQuery = createBulkQueryApi(org, clock, bulkQueries);
  const bulkIngest = createBulkIngestApi(org);
  const routes: Route[] = [
    { method: 'GET', path: /^\/query\/?$/, answer: (call) => queries.query(call, false) },
    { method: 'GET', path: /^\/queryAll\/?$/, answer: (call) => queries.query(call, true) },
    {
      method: 'GET',
      path: /^\/query(?:All)?\/([\w-]+)$/,
      answer: (call, locator = '') => queries.more(call, locator),
    },
    { method: 'GET', path: /^\/?$/, answer: listResources },
    { method: 'GET', path: /^\/limits\/?$/, answer: () => answerLimits(limits) },
    { method: 'GET', path: /^\/sobjects\/?$/, answer: (call) => describeGlobal(org, call) },
    {
      method: 'GET',
      path: /^\/sobjects\/(\w+)\/describe\/?$/,
      answer: (call, object = '') => describeObject(org, call, object),
    },
    {
      method: 'POST',
      path: /^\/sobjects\/PermissionSetAssignment\/?$/,
      answer: (call) => assignPermissionSet(org, call),
    },
    {
      method: 'GET',
      path: /^\/sobjects\/(\w+)\/(\w+)$/,
      answer: (call, object = '', id = '') => readRow(org, call, object, id),
    },
    {
      method: 'PATCH',
      path: /^\/sobjects\/(\w+)\/(\w+)$/,
      answer: (call, object = '', id = '') => updateRow(org, call, object, id),
    },
    { method: 'PATCH', path: /^\/composite\/sobjects\/?$/, answer: (call) => updateCollection(org, call) },
    { method: 'POST', path: /^\/composite\/sobjects\/?$/, answer: (call) => createTasks(org, call) },
    { method: 'DELETE', path: /^\/composite\/sobjects\/?$/, answer: (call) => deleteTasks(org, call) },
    {
      method: 'POST',
      path: /^\/composite\/sobjects\/(\w+)$/,
      answer: (call, object = '') => retrieveCollection(org, call, object),
    },
    { method: 'POST', path: /^\/composite\/?$/, answer: (call) => runComposite(call, dispatch) },
  ];
  function dispatch(call: Call): Answer {
    const bulk = bulkQuery.handle(call) ?? bulkIngest.handle(call);
    if (bulk !== null) return bulk;
    let known = false;
    for (const route of routes) {
      const parts = route.path.exec(call.path);
      if (parts === null) continue;
      if (route.method === call.method) return route.answer(call, ...parts.slice(1));
      known = true;
    }
    if (known) throw new Refusal(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${call.method}' not allowed here`);
    throw new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist');
  }
  return dispatch;
}

/** GET /services/data/vNN.0: where the version's resources lie. */
function listResources({ version }: Call): Answer {
  const resources = ['composite', 'jobs', 'limits', 'metadata', 'query', 'queryAll', 'sobjects'];
  const json = Object.fromEntries(resources.map((name) => [name, `/services/data/${version}/${name}`]));
  return { status: 200, json, operation: 'resources' };
}

function answerLimits(limits: Limits): Answer {
  const { used, limit } = limits.usage();
  const json = { DailyApiRequests: { Max: limit, Remaining: Math.max(0, limit - used) } };
  return { status: 200, json, operation: 'limits' };
}
