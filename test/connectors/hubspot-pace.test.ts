import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { HUBSPOT_PACE } from '../../src/connectors/hubspot/limits.ts';
import { createTestDatabase } from '../harness/database.ts';
import { TOKEN, startPortal } from '../sandbox/hubspot-start.ts';

const CALLER = fileURLToPath(new URL('hubspot-paced-caller.ts', import.meta.url));
const PROCESSES = 3;
// More than both limits let through in their window, so that a burst would show.
const SEARCHES_EACH = 8;
const READS_EACH = 45;

test('several processes together never exceed HubSpot’s limits, and nothing is refused', async (context) => {
  const portal = await startPortal(context, { limits: { burst: 100, searchesPerSecond: 5 } });
  const database = await createTestDatabase();
  context.after(() => database.close());

  const exits = Array.from({ length: PROCESSES }, async () => {
    const child = spawn(process.execPath, [CALLER, String(SEARCHES_EACH), String(READS_EACH)], {
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
