import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { syncOnce } from '../../src/pipeline/sync-job.ts';
import { findConnection } from '../../src/pipeline/store/connections.ts';
import { startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { openTwinTap } from '../harness/twin-tap.ts';
import type { TwinTap } from '../harness/twin-tap.ts';

let system: System;
let tap: TwinTap;
before(async () => {
  system = await startSystem({ limit: 3 });
  tap = await openTwinTap(system.sandbox.twins.salesforce.url);
});
after(async () => {
  await tap.close();
  await system.close();
});

test('a first sync logs in once and asks for each description once, though its check finds whose limits it shares', async () => {
  const app = await system.openApp({ worker: false, environment: { SALESFORCE_LOGIN_URL: tap.url } });
  const connection = app.connections.find(({ kind }) => kind === 'salesforce');
  assert.ok(connection !== undefined);
  const asked: string[] = [];
  tap.at = (moment, { path }) => {
    const named = /oauth2\/token|sobjects\/\w+\/describe/.exec(path)?.[0];
    if (moment === 'before' && named !== undefined) asked.push(named);
  };

  await syncOnce({ ...app, ...app.connectors, prices: app.config.prices }, connection, {
    full: false,
    signal: AbortSignal.timeout(30_000),
  });

  const checked = await app.db.inWorkspace(app.workspaceId, (tx) => findConnection(tx, connection.id));
  assert.notEqual(checked?.account, connection.account, 'the check found the account');
  assert.deepEqual(asked.toSorted(), [
    'oauth2/token',
    ...['Account', 'Contact', 'Lead', 'Opportunity'].map((object) => `sobjects/${object}/describe`),
  ]);
});
