import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, beforeEach, test } from 'node:test';
import { z } from 'zod';
import { signDelivery } from '../../../sandbox/hubspot/webhook-delivery.ts';
import type { App } from '../../../src/app.ts';
import { checkConnection } from '../../../src/pipeline/open-connection.ts';
import { pauseConnection, resumeConnection } from '../../../src/pipeline/store/connections.ts';
import type { Connection } from '../../../src/pipeline/store/connections.ts';
import { startSystem } from '../../harness/system.ts';
import type { System } from '../../harness/system.ts';
import {
  HUBSPOT_SECRET,
  HUBSPOT_TARGET,
  PUBLIC_URL,
  openWebhookServer,
} from '../../harness/webhook-server.ts';
import type { WebhookServer } from '../../harness/webhook-server.ts';

let system: System;
let app: App;
let connection: Connection;
let web: WebhookServer;

before(async () => {
  system = await startSystem({ limit: 5 });
  app = await system.openApp({ worker: false });
  const found = app.connections.find(({ kind }) => kind === 'hubspot');
  assert.ok(found !== undefined);
  connection = found;
  await checkConnection(app, connection, { signal: AbortSignal.timeout(30_000) });
  web = await openWebhookServer(app);
});
after(async () => {
  await web.close();
  await system.close();
});
beforeEach(() => app.db.inWorkspace(app.workspaceId, (tx) => tx.query('delete from record_hints')));

const PORTAL = 4_242_424;
const APP = 777_001;
const event = (rest: object): object => ({
  eventId: 1,
  subscriptionId: 2,
  portalId: PORTAL,
  appId: APP,
  occurredAt: Date.now(),
  attemptNumber: 0,
  objectId: 101,
  subscriptionType: 'object.propertyChange',
  objectTypeId: '0-2',
  propertyName: 'industry',
  propertyValue: 'Robotics',
  changeSource: 'CRM_UI',
  sourceId: 'userId:1',
  ...rest,
});

const send = async (
  events: readonly unknown[],
  over: {
    at?: number;
    secret?: string;
    headers?: Record<string, string>;
    body?: string;
    path?: string;
    to?: WebhookServer;
  } = {},
): Promise<{ status: number; text: string }> => {
  const { headers, body } = signDelivery({
    targetUrl: PUBLIC_URL + (over.path ?? '/hubspot/webhooks'),
    clientSecret: over.secret ?? HUBSPOT_SECRET,
    events,
    at: over.at ?? Date.now(),
  });
  const response = await fetch((over.to ?? web).base + (over.path ?? '/hubspot/webhooks'), {
    method: 'POST',
    headers: { ...headers, ...over.headers },
    body: over.body ?? body,
  });
  return { status: response.status, text: await response.text() };
};

const hints = (): Promise<string[]> =>
  app.db.inWorkspace(app.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ hint: string }>(
      `select object || ' ' || external_id || ' ' || kind as hint from record_hints order by 1`,
    );
    return rows.map(({ hint }) => hint);
  });

test('events of either form and every kind become hints, and are answered at once', async () => {
  const answer = await send([
    event({}),
    event({
      objectId: 102,
      subscriptionType: 'company.creation',
      objectTypeId: undefined,
      changeFlag: 'NEW',
    }),
    event({ objectId: 103, subscriptionType: 'object.deletion', changeFlag: 'DELETED' }),
    event({ objectId: 104, subscriptionType: 'object.restore' }),
    event({
      objectId: 107,
      subscriptionType: 'company.merge',
      primaryObjectId: 105,
      mergedObjectIds: [106],
      newObjectId: 107,
    }),
    event({ objectId: 201, subscriptionType: 'contact.propertyChange', propertyName: 'jobtitle' }),
    event({
      objectId: 202,
      subscriptionType: 'object.propertyChange',
      objectTypeId: '0-1',
      propertyName: 'email',
    }),
    event({ objectId: 203, subscriptionType: 'contact.privacyDeletion' }),
  ]);
  assert.deepEqual(answer, { status: 204, text: '' });
  assert.deepEqual(await hints(), [
    'company 101 changed',
    'company 102 changed',
    'company 103 gone',
    'company 104 changed',
    'company 105 merged',
    'company 106 merged',
    'company 107 merged',
    'contact 201 changed',
    'contact 202 changed',
    'contact 203 gone',
  ]);
});

test('what we did ourselves, or do not read, is no hint and no job', async () => {
  const before = await jobs();
  const answer = await send([
    event({ propertyName: 'fieldnote_score', changeSource: 'INTEGRATION', sourceId: String(APP) }),
    event({ propertyName: 'fieldnote_pitch' }),
    event({ changeSource: 'INTEGRATION', sourceId: String(APP) }),
    event({ propertyName: 'phone' }),
    event({ subscriptionType: 'deal.creation' }),
    event({ objectTypeId: '0-3' }),
    event({ subscriptionType: 'company.associationChange' }),
  ]);
  assert.equal(answer.status, 204);
  assert.deepEqual(await hints(), []);
  assert.equal(await jobs(), before);
  assert.equal(await web.counted('changes_told', 'own'), 3);
  assert.equal(await web.counted('changes_told', 'ignored'), 4);
  // Another app is somebody else.
  await send([event({ changeSource: 'INTEGRATION', sourceId: '123' })]);
  assert.deepEqual(await hints(), ['company 101 changed']);
});

const jobs = (): Promise<number> =>
  app.db.inWorkspace(app.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ n: number }>(
      `select count(*) as n from pgboss.job where name = 'catch-up'`,
    );
    return rows[0]?.n ?? 0;
  });

test('nothing comes in that HubSpot did not sign, now, for this address', async () => {
  const minutes = (count: number): number => Date.now() + count * 60_000;
  const cases = {
    forged: [
      { secret: 'another-app' },
      { body: JSON.stringify([event({ objectId: 1 })]) },
      { headers: { 'x-hubspot-signature-v3': 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' } },
    ],
    stale: [{ at: minutes(-6) }, { at: minutes(6) }, { headers: { 'x-hubspot-request-timestamp': 'NaN' } }],
  };
  for (const [outcome, all] of Object.entries(cases)) {
    const before = await web.counted('webhook_deliveries', outcome);
    for (const over of all) {
      const { status, text } = await send([event({})], over);
      assert.equal(status, 401, JSON.stringify(over));
      assert.match(text, /HUBSPOT_CLIENT_SECRET/);
    }
    assert.equal(await web.counted('webhook_deliveries', outcome), before + all.length);
  }
  const unsigned = await fetch(`${web.base}/hubspot/webhooks`, { method: 'POST', body: '[]' });
  assert.equal(unsigned.status, 401);
  assert.deepEqual(await hints(), []);
  assert.equal((await send([event({})], { path: '/hubspot/webhooks?x=%2F' })).status, 204);
  assert.equal((await fetch(`${web.base}/hubspot/webhooks`)).status, 403, 'a page is none of it');
});

test('the same delivery within its five minutes does no harm', async () => {
  const at = Date.now();
  for (let round = 0; round < 3; round += 1) assert.equal((await send([event({})], { at })).status, 204);
  assert.deepEqual(await hints(), ['company 101 changed']);
});

test('a delivery that helps nobody to be repeated is taken, and counted', async () => {
  const unknown = await web.counted('changes_told', 'unknown account');
  assert.equal((await send([event({ portalId: 1 }), event({})])).status, 204);
  assert.equal(await web.counted('changes_told', 'unknown account'), unknown + 1);
  assert.deepEqual(await hints(), ['company 101 changed']);
  const unreadable = await web.counted('changes_told', 'unreadable');
  assert.equal((await send([null, 7, {}, event({ objectId: 'x' }), event({ portalId: -1 })])).status, 204);
  const { headers } = signDelivery({
    targetUrl: HUBSPOT_TARGET,
    clientSecret: HUBSPOT_SECRET,
    events: [],
    at: Date.now(),
  });
  assert.equal((await send([], { headers, body: '[]' })).status, 204);
  assert.equal(await web.counted('changes_told', 'unreadable'), unreadable + 5);
});

test('a body larger than any delivery is refused before it is read', async () => {
  const answer = await send([event({ propertyValue: 'x'.repeat(5_000_000) })]);
  assert.equal(answer.status, 413);
});

test('a paused connection is told nothing; its next sync sees what changed', async () => {
  await app.db.inWorkspace(app.workspaceId, (tx) => pauseConnection(tx, connection, 'a test'));
  const fresh = await openWebhookServer(app);
  assert.equal((await send([event({})], { to: fresh })).status, 204);
  assert.equal(await fresh.counted('changes_told', 'unknown account'), 1);
  await app.db.inWorkspace(app.workspaceId, (tx) => resumeConnection(tx, connection.id));
  await fresh.close();
  assert.deepEqual(await hints(), []);
});

test('without a client secret the answer says what to set', async () => {
  const bare = await system.openApp({ worker: false, environment: { HUBSPOT_CLIENT_SECRET: '' } });
  const closed = await openWebhookServer(bare);
  const { status, text } = await send([event({})], { to: closed });
  await closed.close();
  assert.equal(status, 503);
  assert.match(text, /HUBSPOT_CLIENT_SECRET/);
});

test('the subscriptions of the app that is uploaded to HubSpot are of what is read, and of all of it', async () => {
  const file = new URL('../../../crm/hubspot/src/app/webhooks/webhooks-hsmeta.json', import.meta.url);
  const { crmObjects } = Subscriptions.parse(JSON.parse(await readFile(file, 'utf8'))).config.subscriptions;
  const crm = app.crmOf(connection);
  for (const object of crm.readObjects) {
    const ofIt = crmObjects.filter(({ objectType }) => objectType === object);
    const properties = ofIt.flatMap(({ propertyName }) => propertyName ?? []);
    // Moved by a merge, which is told as one.
    const read = crm.syncedFields(object).filter((name) => name !== 'hs_merged_object_ids');
    assert.deepEqual(properties.toSorted(), read.toSorted(), object);
    assert.deepEqual(
      new Set(ofIt.map(({ subscriptionType }) => subscriptionType)),
      new Set(['creation', 'deletion', 'restore', 'merge', 'propertyChange'].map((kind) => `object.${kind}`)),
    );
  }
});

const Subscriptions = z.object({
  config: z.object({
    subscriptions: z.object({
      crmObjects: z.array(
        z.object({
          subscriptionType: z.string(),
          objectType: z.string(),
          propertyName: z.string().optional(),
        }),
      ),
    }),
  }),
});
