import { startTwin } from '../kit/twin.ts';
import { mountApi, readRawBody } from './api.ts';
import { MOST_CHANGES, createChangeEvents } from './change-events.ts';
import type { ChangeEvents } from './change-events.ts';
import { mountCometd } from './cometd.ts';
import type { StreamClients } from './cometd-clients.ts';
import { editOrg } from './edit.ts';
import { createLimits } from './limits.ts';
import type { Limits } from './limits.ts';
import type {
  BulkQueries,
  DumpedRecord,
  SalesforceDump,
  SalesforceTwin,
  SalesforceTwinOptions,
} from './options.ts';
import { openOrg } from './org.ts';
import { countWrittenRows } from './written-rows.ts';
import type { Org } from './org.ts';
import { mountScreens } from './screens/screens.ts';
import { createSessions } from './sessions.ts';
import type { Sessions } from './sessions.ts';
import { dataObjects } from './schema.ts';

export type * from './options.ts';

// Enterprise Edition: 100,000 calls in 24 hours before licences add to it (Salesforce "API Request Limits").
const DAILY_LIMIT = 100_000;
// A session that is not used ends after two hours unless the org says otherwise.
const TOKEN_SECONDS = 7200;
// Jobs in 24 hours: "Bulk API and Bulk API 2.0 Limits and Allocations". A real job takes seconds at the least.
const BULK_QUERIES: BulkQueries = { durationMs: 200, failWith: null, jobsPerDay: 10_000 };
// "Clients and Timeouts" (Streaming API guide), "Change Data Capture Allocations" (its guide), for Enterprise Edition.
const STREAM = {
  connectMs: 110_000,
  reconnectMs: 40_000,
  deliveriesPerDay: 25_000,
  mostClients: 1_000,
  answerWith: null,
  mostChanges: MOST_CHANGES,
};

/** Starts a local Salesforce org that holds the world's accounts, leads and contacts. */
export async function startSalesforceTwin(options: SalesforceTwinOptions): Promise<SalesforceTwin> {
  const adminClientId = options.adminClientId ?? `${options.clientId}-administrator`;
  const adminClientSecret = options.adminClientSecret ?? `${options.clientSecret}-administrator`;
  const bulkQueries = { ...BULK_QUERIES };
  const stream: SalesforceTwin['stream'] = { ...STREAM };
  let parts: {
    org: Org;
    limits: Limits;
    sessions: Sessions;
    events: ChangeEvents;
    clients: StreamClients;
  } | null = null;
  const get = () => {
    if (parts === null) throw new Error('the Salesforce twin has not started');
    return parts;
  };
  const twin = await startTwin(
    {
      name: 'salesforce',
      readBody: readRawBody,
      mountPages: (kit) => mountScreens(kit, () => get().org),
      countRows: countWrittenRows,
      mount: (kit) => {
        const org = openOrg(options.world, kit.clock, {
          journalFile: options.journalFile,
          personAccounts: options.personAccounts ?? false,
          organization: options.organization ?? 'sandbox',
        });
        const limits = createLimits(kit.clock, options.dailyLimit ?? DAILY_LIMIT);
        const clients = {
          integration: { id: options.clientId, secret: options.clientSecret },
          administrator: { id: adminClientId, secret: adminClientSecret },
        };
        const sessions = createSessions(org, kit.clock, clients, options.tokenSeconds ?? TOKEN_SECONDS);
        const captured = new Set(options.changeDataCapture ?? []);
        const userId = (author: string): string => org.people.idOf(author);
        const events = createChangeEvents(kit.clock, userId, captured, () => stream.mostChanges);
        org.onChanges(events.publish);
        const streamClients = mountCometd(kit, org, sessions, events, stream);
        parts = { org, limits, sessions, events, clients: streamClients };
        mountApi(kit, org, limits, sessions, bulkQueries);
      },
      dump: () => dumpOrg(get().org, get().limits),
      edit: (body) => editOrg(get().org, body),
      answerFault: (response, status, retryAfterSeconds) => {
        const [errorCode, message] =
          status === 429
            ? ['REQUEST_LIMIT_EXCEEDED', 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.']
            : status === 503
              ? ['SERVER_UNAVAILABLE', 'The server is temporarily unavailable.']
              : ['UNKNOWN_EXCEPTION', 'An unexpected error occurred.'];
        if (status === 429) response.setHeader('Retry-After', String(retryAfterSeconds));
        response.status(status).json([{ message, errorCode }]);
      },
    },
    { port: options.port, faults: options.faults },
  );
  return {
    ...twin,
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    adminClientId,
    adminClientSecret,
    edit: (body) => editOrg(get().org, body),
    dump: () => dumpOrg(get().org, get().limits),
    connectButton: (entered) => get().org.record([{ type: 'button', ...entered }]),
    expireTokens: () => {
      get().sessions.expireAll();
      get().clients.revalidate();
    },
    setDailyLimit: (calls) => get().limits.set(calls),
    bulkQueries,
    stream,
    listeners: () => get().clients.list(),
    publishGap: (object, type, recordIds) => get().events.publishGap(object, type, recordIds),
  };
}

function dumpOrg(org: Org, limits: Limits): SalesforceDump {
  const records = dataObjects.flatMap((object) =>
    org.rows(object).map((row): DumpedRecord => {
      const values = Object.fromEntries(Object.entries(row.values).filter(([, value]) => value !== null));
      const { id, history, updates, unchanged, deleted, mergedInto, locked, modifiedAt } = row;
      return {
        id,
        object,
        values,
        history,
        updates,
        unchanged,
        deleted,
        mergedInto,
        locked: locked !== 'no',
        modifiedAt,
      };
    }),
  );
  const customFields = dataObjects.flatMap((object) =>
    [...org.fields(object).values()]
      .filter((field) => field.custom)
      .map((field) => `${object}.${field.name}`),
  );
  const permissionSets = org.permissions.sets().map((set) => set.name);
  return { records, customFields, permissionSets, usage: limits.usage() };
}
