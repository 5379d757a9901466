import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ProviderError } from '../../src/errors.ts';
import { createSyncJob } from '../../src/pipeline/sync-job.ts';
import { findConnection } from '../../src/pipeline/store/connections.ts';
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
