import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ProviderError, UserError } from '../../src/errors.ts';
import { pauseRefused } from '../../src/pipeline/open-connection.ts';
import {
  ensureConnection,
  findConnection,
  findNamedConnection,
  resumeConnection,
} from '../../src/pipeline/store/connections.ts';
import { saveCredentials } from '../../src/pipeline/store/credentials.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const refusal = (kind: ProviderError['kind'], status: number): ProviderError =>
  new ProviderError({ provider: 'hubspot', operation: 'list', kind, status, message: 'no', fix: 'do this' });

test('a connection that many find refused at once is paused once, said once, and again after it went on', async () => {
  const workspaceId = await ensureWorkspace(here.db);
  const connection = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'hubspot', 'emea'),
  );
  const said: string[] = [];
  const deps = {
    db: here.db,
    onError: (error: unknown, what: string) => said.push(`${what}: ${String(error)}`),
  };
  const pause = (error: unknown): Promise<boolean> => pauseRefused(deps, connection, error);

  const found = await Promise.all(Array.from({ length: 10 }, () => pause(refusal('unauthorized', 401))));

  assert.deepEqual(new Set(found), new Set([true]));
  assert.equal(said.length, 1);
  assert.match(
    said[0] ?? '',
    /^connection hubspot emea was paused: .*do this.*fieldnote connect hubspot --name emea$/,
  );
  const now = await here.db.inWorkspace(workspaceId, (tx) => findConnection(tx, connection.id));
  assert.deepEqual([now?.status, now?.pausedBecause], ['paused', 'hubspot list: no; do this']);

  await here.db.inWorkspace(workspaceId, (tx) => resumeConnection(tx, connection.id));
  assert.equal(await pause(new UserError('another org', 'give it a name')), true);
  assert.equal(said.length, 2);
});

test('of a pause is said in which workspace, and the command that ends it acts there', async () => {
  const workspaceId = await ensureWorkspace(here.db, 'Acme GmbH');
  const connection = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'hubspot', 'default'),
  );
  const said: string[] = [];
  const onError = (error: unknown, what: string) => said.push(`${what}: ${String(error)}`);

  await pauseRefused({ db: here.db, onError }, connection, refusal('unauthorized', 401));

  assert.match(said[0] ?? '', /^connection hubspot of workspace Acme GmbH was paused: /);
  assert.match(said[0] ?? '', /fieldnote connect hubspot --workspace 'Acme GmbH'$/);
});

test('credentials that were stored while older ones were being refused are not blamed for them', async () => {
  const workspaceId = await ensureWorkspace(here.db);
  const find = () => here.db.inWorkspace(workspaceId, (tx) => findNamedConnection(tx, 'hubspot', 'renewed'));
  const { id } = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'hubspot', 'renewed'),
  );
  const store = (version: number): Promise<boolean> =>
    here.db.inWorkspace(workspaceId, (tx) =>
      saveCredentials(tx, { workspaceId, connectionId: id, version }, { keyId: 'k', box: Buffer.from([1]) }),
    );
  await store(1);
  const before = await find();
  assert.ok(before !== null);
  await store(2);
  const deps = { db: here.db, onError: () => assert.fail('nothing is to be said') };

  assert.equal(await pauseRefused(deps, before, refusal('unauthorized', 401)), true);

  const after = await find();
  assert.equal(after?.status, 'active');
  assert.ok(await pauseRefused({ ...deps, onError: () => undefined }, after, refusal('unauthorized', 401)));
  assert.equal((await find())?.status, 'paused');
});

test('an outage, a refused request and a mistake of ours pause nothing', async () => {
  const workspaceId = await ensureWorkspace(here.db);
  const connection = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'hubspot', 'well'),
  );
  const deps = { db: here.db, onError: () => assert.fail('nothing is to be said') };
  for (const error of [
    refusal('unavailable', 503),
    refusal('refused', 400),
    refusal('quota', 429),
    new Error('x'),
  ])
    assert.equal(await pauseRefused(deps, connection, error), false);
  const now = await here.db.inWorkspace(workspaceId, (tx) => findConnection(tx, connection.id));
  assert.equal(now?.status, 'active');
});
