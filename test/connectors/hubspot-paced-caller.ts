import { readConfig } from '../../src/config.ts';
import { rateOf } from '../../src/app-connectors.ts';
import { openCrms } from '../../src/app-crms.ts';
import { openDatabase } from '../../src/db.ts';
import { createSharedBreaker } from '../../src/pipeline/store/breakers.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import { createSharedLimits } from '../../src/pipeline/store/limits.ts';
import { createSharedQuota } from '../../src/pipeline/store/quotas.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createVault } from '../../src/pipeline/vault.ts';

// One of several processes: so many calls and searches of one workspace's HubSpot connection, all at once, as the app makes them.
const [searches = 0, reads = 0] = process.argv.slice(2).map(Number);
const [, , , , workspace = 'default'] = process.argv;
const config = readConfig(process.env);
const db = await openDatabase(config.databaseUrl ?? '');
const workspaceId = await ensureWorkspace(db, workspace);
const connection = await db.inWorkspace(workspaceId, (tx) =>
  ensureConnection(tx, workspaceId, 'hubspot', 'default'),
);
const crm = openCrms({
  config,
  shared: {
    limits: createSharedLimits(db, (bucket) => rateOf(bucket, config)),
    breaker: createSharedBreaker(db),
    quotaOf: ({ account }) => createSharedQuota(db, account),
  },
  vault: createVault({ db, seal: null }),
  homeWorkspaceId: workspaceId,
})(connection);
const { signal } = new AbortController();
const since = new Date(0).toISOString();
const changesSoFar = {
  phase: 'search',
  startedAt: since,
  since,
  after: null,
  archivedSince: null,
  archivedAfter: null,
  archivedStartedAt: null,
};

async function search(): Promise<void> {
  const pages = crm.readChanges('company', changesSoFar, { signal });
  while ((await pages.next()).done !== true);
}
const read = async (): Promise<unknown> => crm.readCurrent('company', ['1'], { signal });
// The first of each finds everything cold, as it would in the first minute of a worker's life.
await Promise.all([search(), read()]);
await Promise.all([
  ...Array.from({ length: searches - 1 }, search),
  ...Array.from({ length: reads - 1 }, read),
]);
await db.close();
