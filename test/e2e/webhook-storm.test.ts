import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { WebhookEvent } from '../../sandbox/hubspot/webhook-events.ts';
import { sendDelivery, signDelivery } from '../../sandbox/hubspot/webhook-delivery.ts';
import { createRandom } from '../../sandbox/kit/random.ts';
import { buildApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { createCatchUpJob } from '../../src/pipeline/catch-up-job.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { connectAndSync, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { HUBSPOT_SECRET, HUBSPOT_TARGET, openWebhookServer } from '../harness/webhook-server.ts';
import type { WebhookServer } from '../harness/webhook-server.ts';
import { until } from './faults/observe.ts';
import { editTwin } from './twin-records.ts';

// FIELDNOTE_WEBHOOKS=10000 sends as many.
const DELIVERIES = Number(process.env.FIELDNOTE_WEBHOOKS ?? 400);
const COPIES = 5;
// HubSpot's own limit ("concurrency limit of 10 requests").
const AT_ONCE = 10;
const MINUTE = 60_000;

let system: System;
const events: WebhookEvent[] = [];
type Side = { app: App; web: WebhookServer };
let stormy: Side;
let orderly: Side;
let second: TestDatabase;

before(async () => {
  system = await startSystem({ limit: 40, onWebhookEvent: (event) => events.push(event) });
  second = await createTestDatabase();
  const open = async (app: App): Promise<Side> => {
    await connectAndSync(app);
    return { app, web: await openWebhookServer(app) };
  };
  stormy = await open(await system.openApp({ worker: true }));
  const environment = { ...system.environment, DATABASE_URL: second.url };
  orderly = await open(await buildApp(readConfig(environment), createLog('silent'), { worker: false }));
  events.length = 0;
});
after(async () => {
  await stormy.web.close();
  await orderly.web.close();
  await orderly.app.stop();
  await second.close();
  await system.close();
});

const random = createRandom(7);
const pick = <T>(all: readonly T[]): T => {
  const one = all[Math.floor(random() * all.length)];
  assert.ok(one !== undefined);
  return one;
};

/**
 * Everything that the mirror holds of HubSpot, and which company each record means. Not when a record last changed: a change of what
 * we do not read is not looked at.
 */
const stateOf = ({ app }: Side): Promise<unknown[]> =>
  app.db.inWorkspace(app.workspaceId, async (tx) => {
    const { rows } = await tx.query(
      `select object, external_id, r.domain, skipped_because, r.name, company_name, r.website, email, title, r.industry,
         r.employees, r.country, parent_id, deleted, merged_into, row_hash, c.domain as company
       from records r left join companies c on c.id = r.company_id and c.workspace_id = r.workspace_id
       where object in ('company', 'contact') order by object, external_id`,
    );
    return rows;
  });

const waiting = ({ app }: Side): Promise<number> =>
  app.db.inWorkspace(app.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ n: number }>('select count(*) as n from record_hints');
    return rows[0]?.n ?? 0;
  });

/**
 * `lonely`: companies without contacts. Only these are archived: contacts stay where their account was when it was last seen, so that
 * with them it would matter who saw it on the way.
 */
type Living = { companies: string[]; lonely: string[]; contacts: string[]; archived: string[] };

/** One change by somebody, of any kind. */
async function changeSomething(living: Living, round: number): Promise<void> {
  const { url } = system.sandbox.twins.hubspot;
  const company = pick(living.companies);
  const onCompany = { as: 'rep:Nora', object: 'companies', id: company };
  const dice = random();
  if (dice < 0.4)
    await editTwin(url, { ...onCompany, properties: { name: `Name ${round}`, phone: `+45 ${round}` } });
  else if (dice < 0.5)
    await editTwin(url, { ...onCompany, properties: { domain: `moved-${round}.example` } });
  else if (dice < 0.7)
    await editTwin(url, {
      as: 'integration:Other app',
      object: 'contacts',
      id: pick(living.contacts),
      properties: { jobtitle: `Head of ${round}` },
    });
  else if (dice < 0.76)
    await editTwin(url, {
      ...onCompany,
      as: 'integration',
      properties: { fieldnote_why: `Because ${round}` },
    });
  else if (dice < 0.84) {
    const properties = { name: `New ${round}`, domain: `new-${round}.example` };
    const made = readId(
      await editTwin(url, { operation: 'create', as: 'rep:Nora', object: 'companies', properties }),
    );
    living.companies.push(made);
    living.lonely.push(made);
  } else if (dice < 0.9 && living.lonely.length > 0) {
    const gone = pick(living.lonely);
    await editTwin(url, { operation: 'archive', ...onCompany, id: gone });
    living.companies = living.companies.filter((id) => id !== gone);
    living.lonely = living.lonely.filter((id) => id !== gone);
    living.archived.push(gone);
  } else if (dice < 0.95 && living.archived.length > 0) {
    const back = pick(living.archived);
    await editTwin(url, { operation: 'restore', ...onCompany, id: back });
    living.archived = living.archived.filter((id) => id !== back);
    living.companies.push(back);
    living.lonely.push(back);
  } else if (living.companies.length > 10) {
    const other = pick(living.companies.filter((id) => id !== company));
    const survivor = readId(await editTwin(url, { operation: 'merge', ...onCompany, other }));
    living.companies = [...living.companies.filter((id) => id !== company && id !== other), survivor];
    living.lonely = living.lonely.filter((id) => id !== company && id !== other);
  }
}

const readId = (answer: unknown): string => {
  const id: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'id') : undefined;
  assert.ok(typeof id === 'string');
  return id;
};

const livingRecords = async (): Promise<Living> => {
  const { app } = orderly;
  const { rows } = await app.db.inWorkspace(app.workspaceId, (tx) =>
    tx.query<{ object: string; id: string }>(
      `select object, external_id as id from records where object in ('company', 'contact') and not deleted order by 1, 2`,
    ),
  );
  const ids = (object: string): string[] => rows.flatMap((row) => (row.object === object ? row.id : []));
  return { companies: ids('company'), lonely: [], contacts: ids('contact'), archived: [] };
};

/** How a delivery is not as HubSpot sends it. */
type Over = { secret?: string; shiftMs?: number };

const deliver = (side: Side, sent: readonly unknown[], over: Over = {}) =>
  sendDelivery(
    signDelivery({
      targetUrl: HUBSPOT_TARGET,
      clientSecret: over.secret ?? HUBSPOT_SECRET,
      events: sent,
      at: Date.now() + (over.shiftMs ?? 0),
    }),
    `${side.web.base}/hubspot/webhooks`,
  );

test(`${DELIVERIES} deliveries, each event ${COPIES} times, in any order, forged and stale among them, leave what one ordered delivery leaves`, async () => {
  const hubspot = orderly.app.connections.find(({ kind }) => kind === 'hubspot');
  assert.ok(hubspot !== undefined);
  const { workspaceId, id: connectionId } = hubspot;
  const catchUp = createCatchUpJob({
    ...orderly.app,
    prices: orderly.app.config.prices,
    onError: (error) => assert.fail(String(error)),
  });
  const living = await livingRecords();

  // The orderly side hears of each change once, before the next one happens.
  for (let round = 0; events.length * COPIES < DELIVERIES; round += 1) {
    const heard = events.length;
    await changeSomething(living, round);
    assert.equal(await deliver(orderly, events.slice(heard)), true);
    assert.equal(await catchUp({ workspaceId, connectionId }, AbortSignal.timeout(30_000)), 'done');
  }
  assert.equal(await waiting(orderly), 0);

  type Delivery = { event: WebhookEvent; over: Over };
  const real: Delivery[] = Array.from({ length: COPIES }, () =>
    events.map((event) => ({ event, over: {} })),
  ).flat();
  const bad = Array.from({ length: Math.ceil(real.length / 10) }, (_, place): Delivery => {
    const event = {
      ...pick(events),
      objectId: 999_000_000_000 + place,
      subscriptionType: 'object.creation',
      objectTypeId: '0-2',
    };
    const shiftMs = (place % 4 === 1 ? -1 : 1) * 6 * MINUTE;
    return { event, over: place % 2 === 0 ? { secret: `guess ${place}` } : { shiftMs } };
  });
  const queue = [...real, ...bad]
    .map((delivery) => ({ delivery, place: random() }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ delivery }) => delivery);
  await stormy.app.startWorker({ schedule: false, concurrency: 1 });

  const taken: boolean[] = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const isTaken = await deliver(stormy, [next.event], next.over);
        taken.push(isTaken);
        assert.equal(isTaken, Object.keys(next.over).length === 0);
      }
    }),
  );
  await until('nothing waits to be looked at', async () => (await waiting(stormy)) === 0);

  assert.equal(taken.filter(Boolean).length, real.length);
  assert.equal(await stormy.web.counted('webhook_deliveries', 'accepted'), real.length);
  const refused = ['forged', 'stale'].map((outcome) => stormy.web.counted('webhook_deliveries', outcome));
  assert.deepEqual(await Promise.all(refused), [Math.ceil(bad.length / 2), Math.floor(bad.length / 2)]);
  assert.deepEqual(await stateOf(stormy), await stateOf(orderly));
});
