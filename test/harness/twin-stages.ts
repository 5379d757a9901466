import assert from 'node:assert/strict';
import { z } from 'zod';
import { startHubspotTwin } from '../../sandbox/hubspot/twin.ts';
import type { Twin } from '../../sandbox/kit/twin.ts';
import { startSalesforceTwin } from '../../sandbox/salesforce/twin.ts';
import type { Crm, CrmKind, CrmObject } from '../../src/connectors/crm.ts';
import { createHubspot } from '../../src/connectors/hubspot/hubspot.ts';
import { createPolicy, noBreaker, noLimits } from '../../src/connectors/resilience.ts';
import type { Policy } from '../../src/connectors/resilience.ts';
import { createSalesforce } from '../../src/connectors/salesforce/salesforce.ts';
import type { Database } from '../../src/db.ts';
import { EVER_EDITABLE, FIELDS_USED, RECORDS } from './interleaving-moves.ts';
import type { Stage, Trace } from './interleavings.ts';
import { createOwnQuota } from './own-quota.ts';
import { nameOf, readTraces } from './twin-traces.ts';
import { openTwinTap } from './twin-tap.ts';
import type { TwinTap } from './twin-tap.ts';
import { openUpheavals } from './twin-upheavals.ts';
import { openDesk } from './write-back.ts';

/** A twin with our fields installed, the real connector over HTTP on it, and a tap on the wire between them. */
export type TappedTwin = {
  kind: CrmKind;
  twin: Twin;
  tap: TwinTap;
  crm: Crm;
  object: CrmObject;
  /** What POST /_twin/edit answers. */
  edit(body: Record<string, unknown>): Promise<unknown>;
  dump(): Promise<unknown>;
  /** Makes records without any value of ours. Returns their ids. */
  create(count: number): Promise<string[]>;
  close(): Promise<void>;
};

const WORLD = {
  name: 'blank',
  dir: '/nowhere',
  companies: [],
  duplicates: 0,
  pages: new Map(),
  news: [],
  filings: [],
  distractors: [],
  records: {
    salesforce: { accounts: [], leads: [], contacts: [] },
    hubspot: { companies: [], contacts: [] },
  },
};
const TOKEN = 'pat-eu1-stage';
// Whatever a test sends, the day's calls do not run out.
const MANY_CALLS = 1_000_000_000;

function makePolicy(provider: string, attemptTimeoutMs: number): Policy {
  return createPolicy({
    provider,
    limits: noLimits,
    breaker: noBreaker,
    buckets: [],
    attempts: 3,
    attemptTimeoutMs,
    totalTimeoutMs: 28_000,
    backoffMs: { first: 1, max: 5 },
  });
}

/** Starts an empty twin and connects to it through a tap. */
export async function openTappedTwin(
  kind: CrmKind,
  options: { notes?: boolean; attemptTimeoutMs?: number; longestWriteMs?: number } = {},
): Promise<TappedTwin> {
  const { notes = true, attemptTimeoutMs = 20_000, longestWriteMs } = options;
  const patience = longestWriteMs === undefined ? {} : { longestWriteMs };
  const client = { clientId: 'integration-client', clientSecret: 'integration-secret' };
  const twin =
    kind === 'salesforce'
      ? await startSalesforceTwin({ world: WORLD, journalFile: null, dailyLimit: MANY_CALLS, ...client })
      : await startHubspotTwin({
          world: WORLD,
          journalFile: null,
          accessToken: TOKEN,
          limits: { burst: null, searchesPerSecond: null, daily: null },
        });
  const tap = await openTwinTap(twin.url);
  const policy = makePolicy(kind, attemptTimeoutMs);
  const crm =
    kind === 'salesforce'
      ? createSalesforce({
          ...patience,
          loginUrl: tap.url,
          ...client,
          admin: {
            clientId: `${client.clientId}-administrator`,
            clientSecret: `${client.clientSecret}-administrator`,
          },
          policy,
          quota: createOwnQuota(),
          notes,
        })
      : createHubspot({
          ...patience,
          baseUrl: tap.url,
          accessToken: TOKEN,
          policy,
          searchPolicy: policy,
          tokenPolicy: policy,
          quota: createOwnQuota(),
        });
  await crm.installFields({ signal: AbortSignal.timeout(30_000) });
  const send = async (path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${twin.url}/_twin/${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json' },
    });
    const json: unknown = await answer.json();
    assert.ok(answer.ok, JSON.stringify(json));
    return json;
  };
  let made = 0;
  return {
    kind,
    twin,
    tap,
    crm,
    object: kind === 'salesforce' ? 'Account' : 'company',
    edit: (body) => send('edit', body),
    dump: () => send('dump'),
    create: async (count) => {
      const names = Array.from({ length: count }, () => `Company ${(made += 1)}`);
      const by = { as: 'administrator', operation: 'create' };
      if (kind === 'salesforce') {
        const records = names.map((Name) => ({ Name }));
        return z.object({ ids: z.array(z.string()) }).parse(await send('edit', { ...by, object: 'Account', records })).ids; // prettier-ignore
      }
      const ids: string[] = [];
      for (const name of names) {
        const answer = await send('edit', { ...by, object: 'companies', properties: { name } });
        ids.push(z.object({ id: z.string() }).parse(answer).id);
      }
      return ids;
    },
    close: async () => {
      await tap.close();
      await twin.close();
    },
  };
}

// The twin's clock begins far in the past and moves on with each call and each edit, by more than the flusher waits for the
// second of a change to be over: no two changes fall into one second, and nothing has to wait.
const CLOCK_BEGINS_MS = -60 * 86_400_000;
const CLOCK_STEP_MS = 12_000;

/** Three new records of the twin, to play interleavings on. `realTime` leaves the twin's clock alone. */
export async function openTwinStage(
  db: Database,
  tapped: TappedTwin,
  options: { realTime: boolean },
): Promise<Stage> {
  const { kind, twin, tap, crm, object } = tapped;
  const { clock } = twin.kit;
  const tick = (): void => {
    if (!options.realTime) clock.set(clock.offset() + CLOCK_STEP_MS);
  };
  // Before the first record is made: no CRM's clock ever runs backwards, and neither platform's times of change would tell.
  if (options.realTime) clock.set(Math.max(0, clock.offset()));
  else if (clock.offset() === 0) clock.set(CLOCK_BEGINS_MS);
  const ids = await tapped.create(RECORDS);
  const desk = await openDesk(db, kind, undefined, crm);
  const upheaval = openUpheavals({ tapped, desk, ids, tick });
  const find = async (id: string): Promise<Trace> => {
    const found = (await readTraces(tapped, [id]))[0];
    assert.ok(found);
    return found;
  };
  return {
    desk,
    object,
    ids,
    ...upheaval,
    // HubSpot lets people edit any property; on Salesforce the others are read-only for them.
    editable: kind === 'salesforce' ? EVER_EDITABLE : FIELDS_USED,
    edit: async (id, field, value) => {
      tick();
      const values = { [nameOf(kind, field)]: value };
      const body =
        kind === 'salesforce'
          ? { as: 'rep:Anna', id, fields: values }
          : {
              as: 'rep:Anna',
              object: 'companies',
              id,
              properties: { [nameOf(kind, field)]: String(value ?? '') },
            };
      await tapped.edit(body);
    },
    lastOurs: async (id, field) =>
      (await find(id)).changes.findLast((change) => change.by === 'us' && change.field === field)?.to ?? null,
    listen: (act) => {
      tap.at = async () => {
        tick();
        await act();
      };
    },
    passTime: () => clock.set(clock.offset() + CLOCK_STEP_MS),
    trace: async () => upheaval.mark(await readTraces(tapped, upheaval.all())),
  };
}
