import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { ensureConnection, saveCheck } from '../../src/pipeline/store/connections.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { HUBSPOT_PACE } from '../../src/connectors/hubspot/limits.ts';
import { createTestDatabase } from '../harness/database.ts';
import { TOKEN, startPortal } from '../sandbox/hubspot-start.ts';

const CALLER = fileURLToPath(new URL('hubspot-paced-caller.ts', import.meta.url));
// One customer's workspace twice, and another one of theirs that leads to the same portal.
const WORKSPACES = ['default', 'default', 'emea'];
const PROCESSES = WORKSPACES.length;
// More than both limits let through in their window, so that a burst would show.
const SEARCHES_EACH = 8;
const READS_EACH = 45;

test('several processes, through several connections of one portal, together never exceed HubSpot’s limits, and nothing is refused', async (context) => {
  const portal = await startPortal(context, { limits: { burst: 100, searchesPerSecond: 5 } });
  const database = await createTestDatabase();
  context.after(() => database.close());

  for (const name of new Set(WORKSPACES)) {
    const workspaceId = await ensureWorkspace(database.db, name);
    await database.db.inWorkspace(workspaceId, async (tx) => {
      const { id } = await ensureConnection(tx, workspaceId, 'hubspot', 'default');
      const server = new URL(portal.twin.url).host;
      await saveCheck(tx, id, { organization: 'Acme', organizationId: '4242424', server, fieldAccess: {} });
    });
  }

  const exits = WORKSPACES.map(async (name) => {
    const child = spawn(process.execPath, [CALLER, String(SEARCHES_EACH), String(READS_EACH), name], {
      env: {
        PATH: process.env.PATH ?? '',
        DATABASE_URL: database.url,
        HUBSPOT_BASE_URL: portal.twin.url,
        HUBSPOT_ACCESS_TOKEN: TOKEN,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code] = await once(child, 'exit');
    return Number(code);
  });
  const codes = await Promise.all(exits);

  const calls = portal.twin.kit.calls.list();
  const [searches, reads] = [
    calls.filter(({ operation }) => operation === 'search'),
    calls.filter(({ operation }) => operation === 'batch read'),
  ];
  const refused = calls.filter(({ status }) => status === 429).length;
  const spanMs = Date.now() - Math.min(...calls.map(({ at }) => at));
  console.log(
    JSON.stringify({ searches: searches.length, reads: reads.length, refused, spanMs, pace: HUBSPOT_PACE }),
  );
  assert.deepEqual(codes, [0, 0, 0]);
  assert.equal(refused, 0);
  assert.equal(searches.length, PROCESSES * SEARCHES_EACH);
  assert.equal(reads.length, PROCESSES * READS_EACH);
});
