import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SyncedElsewhere } from '../../src/pipeline/1-sync/synced-elsewhere.ts';
import { holdSync } from '../../src/pipeline/hold-sync.ts';
import { askForFullSync } from '../../src/pipeline/store/cursors.ts';
import { takeSync } from '../../src/pipeline/store/sync-holds.ts';
import { useOneConnection } from '../harness/one-connection.ts';

const timing = { holdMs: 60_000, renewMs: 20, lookMs: 20 };
const signal = AbortSignal.timeout(60_000);

const here = useOneConnection('hubspot');

/** A sync that goes on until it is let, or stopped. */
function startSync() {
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<string>();
  const done = holdSync(here.db, here.connection, { signal, timing }, (own) => {
    begun.resolve();
    own.addEventListener('abort', () => end.reject(own.reason));
    return end.promise;
  });
  done.catch(() => undefined);
  return { begun: begun.promise, end: end.resolve, done };
}

test('of two who sync a connection one leaves it to the other, or says that it waits, and then has its turn', async () => {
  const first = startSync();
  await first.begun;
  await assert.rejects(
    holdSync(here.db, here.connection, { signal, timing }, async () => assert.fail('both read')),
    SyncedElsewhere,
  );
  const order: string[] = [];
  const told = Promise.withResolvers<void>();
  const onWait = (): void => {
    order.push('waits');
    told.resolve();
  };
  const second = holdSync(here.db, here.connection, { signal, timing, onWait }, async () => {
    order.push('reads');
    return 'second';
  });
  await told.promise;
  order.push('first ends');
  first.end('first');
  assert.deepEqual(await Promise.all([first.done, second]), ['first', 'second']);
  assert.deepEqual(order, ['waits', 'first ends', 'reads']);
});

test('who wants everything to be read anew stops whoever is reading, which would count for nothing', async () => {
  const first = startSync();
  await first.begun;
  await here.inWorkspace((tx) => askForFullSync(tx, here.connection.id));
  const second = holdSync(
    here.db,
    here.connection,
    { signal, timing, onWait: () => undefined },
    async () => 'anew',
  );
  await assert.rejects(first.done, SyncedElsewhere);
  assert.equal(await second, 'anew');
});

test('a connection is synced by another process once its own is dead for a while, and not before', async () => {
  const dead = {
    workspaceId: here.workspaceId,
    connectionId: here.connection.id,
    holder: crypto.randomUUID(),
  };
  assert.ok(await here.inWorkspace((tx) => takeSync(tx, dead, 60_000)));
  const sync = () => holdSync(here.db, here.connection, { signal, timing }, async () => 'read');
  await assert.rejects(sync(), SyncedElsewhere);
  await here.inWorkspace((tx) =>
    tx.query(`update sync_holds set held_until = held_until - interval '1 minute'`),
  );
  assert.equal(await sync(), 'read');
});

test('a sync that fails lets go of its connection', async () => {
  const failing = holdSync(here.db, here.connection, { signal, timing }, () =>
    Promise.reject(new Error('no')),
  );
  await assert.rejects(failing, /no/);
  assert.equal(await holdSync(here.db, here.connection, { signal, timing }, async () => 'read'), 'read');
});
