import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ProviderError } from '../../src/errors.ts';
import { createSyncJob, syncOnce } from '../../src/pipeline/sync-job.ts';
import { findConnection } from '../../src/pipeline/store/connections.ts';
import { crmRecord } from '../harness/crm-record.ts';
import { startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';

let system: System;
before(async () => {
  system = await startSystem({ environment: { TAVILY_API_KEY: 'tvly-wrong' } });
});
after(() => system.close());

test('a search key that is refused neither stops a sync nor pauses the CRM', async () => {
  const app = await system.openApp({ worker: false });
  const troubles: string[] = [];
  const sync = createSyncJob({
    ...app,
    ...app.connectors,
    prices: app.config.prices,
    onError: (_error, what) => troubles.push(what),
  });
  for (const connection of app.connections) {
    await app.crmOf(connection).installFields({ signal: AbortSignal.timeout(30_000) });
    const job = { workspaceId: app.workspaceId, connectionId: connection.id };
    assert.equal(await sync(job, AbortSignal.timeout(30_000)), 'done');
    const now = await app.db.inWorkspace(app.workspaceId, (tx) => findConnection(tx, connection.id));
    assert.equal(now?.status, 'active', connection.kind);
    assert.ok(now.syncedAt !== null, connection.kind);
  }
  assert.deepEqual(new Set(troubles), new Set(['companies without a website were not looked up by name']));
});

test("once the month's budget is spent, a sync reads the CRM and searches for nothing", async () => {
  const app = await system.openApp({ worker: false });
  const troubles: string[] = [];
  for (const budget of [app.budget, { isSpent: async () => true }]) {
    troubles.length = 0;
    const sync = createSyncJob({
      ...app,
      ...app.connectors,
      prices: app.config.prices,
      budget,
      onError: (_error, what) => troubles.push(what),
    });
    for (const connection of app.connections) {
      const job = { workspaceId: app.workspaceId, connectionId: connection.id };
      assert.equal(await sync(job, AbortSignal.timeout(30_000)), 'done');
    }
    if (budget === app.budget) assert.notDeepEqual(troubles, [], 'there are names to look up');
  }
  assert.deepEqual(troubles, []);
});

test('a full sync that the day’s allowance stops again and again is gone on with by the queue, each page read once, until it ends', async () => {
  const app = await system.openApp({ worker: false });
  const PAGES = 3;
  const PAGES_A_DAY = 2;
  for (const connection of app.connections) {
    const { readObjects } = app.crmOf(connection);
    const read: string[] = [];
    let left = 0;
    const crmOf: typeof app.crmOf = (of) => ({
      ...app.crmOf(of),
      readDeals: async function* () {},
      readChanges: async function* (object, cursor) {
        for (let page = Number(cursor?.['page'] ?? 0); page < PAGES; page += 1) {
          if (left === 0)
            throw new ProviderError({ provider: of.kind, operation: 'list', kind: 'quota', message: 'no' });
          left -= 1;
          read.push(`${object} ${page}`);
          yield { records: [crmRecord(object, `${object}-${page}`, {})], cursor: { page: page + 1 } };
        }
      },
    });
    const deps = { ...app, ...app.connectors, crmOf, prices: app.config.prices, onError: () => undefined };
    const job = { workspaceId: app.workspaceId, connectionId: connection.id };
    const signal = AbortSignal.timeout(30_000);
    const everything = readObjects.flatMap((object) =>
      Array.from({ length: PAGES }, (_, page) => `${object} ${page}`),
    );
    const sync = createSyncJob(deps);
    // Twice: also where every page was read before.
    for (let time = 0; time < 2; time += 1) {
      left = PAGES_A_DAY;
      await assert.rejects(syncOnce(deps, connection, { full: true, signal }), { kind: 'quota' });
      let days = 1;
      do {
        days += 1;
        left = PAGES_A_DAY;
      } while ((await sync(job, signal)) !== 'done');

      assert.deepEqual(read.splice(0), everything);
      assert.equal(days, Math.ceil(everything.length / PAGES_A_DAY));
    }
  }
});

test('what a CRM refuses is said and not asked for again every few seconds', async () => {
  const app = await system.openApp({ worker: false });
  const [connection] = app.connections;
  assert.ok(connection !== undefined);
  for (const kind of ['malformed', 'refused', 'quota'] as const) {
    const troubles: string[] = [];
    const sync = createSyncJob({
      ...app,
      ...app.connectors,
      crmOf: (of) => ({
        ...app.crmOf(of),
        // eslint-disable-next-line require-yield
        readChanges: async function* () {
          throw new ProviderError({ provider: of.kind, operation: 'query', kind, message: 'no' });
        },
      }),
      prices: app.config.prices,
      onError: (_error, what) => troubles.push(what),
    });
    const job = { workspaceId: app.workspaceId, connectionId: connection.id };

    const result = await sync(job, AbortSignal.timeout(30_000));

    // A quota is looked up in our own tables: no call goes out until it is time for one.
    const least = kind === 'quota' ? 60_000 : 15 * 60_000;
    assert.ok(result !== 'done' && result.againInMs >= least, kind);
    assert.equal(troubles.length, kind === 'quota' ? 0 : 1, kind);
  }
});

test('a connection that another process syncs is not read beside it by a worker, which comes back; a command waits and says so', async () => {
  const app = await system.openApp({ worker: false });
  const [connection] = app.connections;
  assert.ok(connection !== undefined);
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const read: string[] = [];
  const crmOf: typeof app.crmOf = (of) => ({
    ...app.crmOf(of),
    readObjects: ['Account'],
    readDeals: async function* () {},
    readChanges: async function* () {
      read.push('read');
      if (read.length === 1) {
        begun.resolve();
        await goOn.promise;
      }
      yield { records: [], cursor: { page: 1 } };
    },
  });
  const deps = { ...app, ...app.connectors, crmOf, prices: app.config.prices, onError: () => undefined };
  const signal = AbortSignal.timeout(30_000);
  const first = syncOnce(deps, connection, { full: false, signal });
  await begun.promise;
  const job = { workspaceId: app.workspaceId, connectionId: connection.id };
  const answered = await createSyncJob(deps)(job, signal);
  assert.ok(answered !== 'done' && answered.againInMs > 0);
  const waits = Promise.withResolvers<void>();
  const second = syncOnce(deps, connection, { full: false, signal, onWait: waits.resolve });
  await waits.promise;
  assert.deepEqual(read, ['read']);
  goOn.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(read, ['read', 'read']);
});
