import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { SalesforceTwin } from '../../../sandbox/salesforce/twin.ts';
import type { Crm } from '../../../src/connectors/crm.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { askForFullSync } from '../../../src/pipeline/store/cursors.ts';
import { retireConnection } from '../../../src/pipeline/store/remove-connection.ts';
import { connect } from '../../connectors/salesforce/connect.ts';
import { neverInOrder } from '../../connectors/salesforce/never-in-order.ts';
import { useOneConnection } from '../../harness/one-connection.ts';
import { accountId, startSmall } from '../../sandbox/salesforce-fixture.ts';
import { startSyncing } from './dying-process.ts';

const here = useOneConnection('salesforce');

let twin: SalesforceTwin;
let deals: string[];
before(async () => {
  twin = await startSmall();
  const deal = { Name: 'Pilot', StageName: 'Prospecting', CloseDate: '2027-01-31' };
  const made = twin.edit({
    operation: 'create',
    as: 'rep:Anna',
    object: 'Opportunity',
    records: ['alder', 'birch'].map((key) => ({ ...deal, AccountId: accountId(key) })),
  });
  assert.ok(typeof made === 'object' && made !== null && 'ids' in made && Array.isArray(made.ids));
  deals = made.ids.map(String);
  twin.bulkQueries.durationMs = 0;
});
after(() => twin.close());
afterEach(() => here.inWorkspace((tx) => retireConnection(tx, here.connection)));

const org = (): Crm => connect(twin, { fetch: neverInOrder('Opportunity') });

async function sync(crm: Crm, { full = false, signal = AbortSignal.timeout(60_000) } = {}): Promise<void> {
  if (full) await here.inWorkspace((tx) => askForFullSync(tx, here.connection.id));
  await syncConnection({ db: here.db, crm, connection: here.connection, call: { signal } });
}

const leftOut = async (): Promise<string[]> =>
  (
    await here.inWorkspace((tx) =>
      tx.query<{ domain: string }>(
        `select distinct c.domain from companies c join records r on r.company_id = c.id
         where r.connection_id = $1 and c.excluded_because = 'an open deal' order by 1`,
        [here.connection.id],
      ),
    )
  ).rows.map(({ domain }) => domain);
const both = ['alder.example', 'birch.example'];

test('deals that come in bulk alone leave their companies out, and the next sync goes on behind them', async () => {
  const crm = org();
  await sync(crm);
  assert.deepEqual(await leftOut(), both);
  const [won = ''] = deals;
  twin.edit({ as: 'rep:Anna', id: won, fields: { StageName: 'Closed Won' } });
  await sync(crm);
  assert.deepEqual(await leftOut(), ['birch.example']);
  twin.edit({ as: 'rep:Anna', id: won, fields: { StageName: 'Prospecting' } });
  await sync(crm);
  assert.deepEqual(await leftOut(), both);
});

test('while all deals are read anew no company is taken up, however long that takes; then those whose deals are over are', async () => {
  await sync(org());
  const [, lost = ''] = deals;
  twin.edit({ as: 'rep:Anna', id: lost, fields: { StageName: 'Closed Lost' } });

  twin.bulkQueries.durationMs = 3_600_000;
  const stop = new AbortController();
  const looked = org();
  const stopped: Crm = {
    ...looked,
    async *readDeals(cursor, options) {
      assert.ok(looked.readDeals);
      for await (const page of looked.readDeals(cursor, options)) {
        yield page;
        // Asked for more: the job that the page named is known.
        stop.abort(new Error('shutting down'));
      }
    },
  };
  await assert.rejects(sync(stopped, { full: true, signal: stop.signal }), /shutting down/);
  assert.deepEqual(await leftOut(), both, 'the job is at work');

  twin.bulkQueries.durationMs = 0;
  twin.kit.calls.clear();
  // By now it puts them in order.
  await sync(connect(twin));
  const { byOperation } = twin.kit.calls.summary();
  assert.deepEqual(['bulk query create', 'bulk query results'].map((name) => byOperation[name]?.calls ?? 0), [0, 1], 'the same job'); // prettier-ignore
  assert.deepEqual(await leftOut(), ['alder.example']);
});

test('killed at every step while all deals are read anew in bulk, none that is open is forgotten, and none that is over stays', async () => {
  const [, lost = ''] = deals;
  twin.edit({ as: 'rep:Anna', id: lost, fields: { StageName: 'Prospecting' } });
  await sync(org());
  twin.edit({ as: 'rep:Anna', id: lost, fields: { StageName: 'Closed Lost' } });
  await here.inWorkspace((tx) => askForFullSync(tx, here.connection.id));
  const seen = new Set<string>();
  let runs = 0;
  for (let isThrough = false; !isThrough;) {
    runs += 1;
    const { db, crm, isDead } = startSyncing({ db: here.db, twin }, runs, {
      fetch: neverInOrder('Opportunity'),
      bulk: { rowsPerPage: 1 },
    });
    try {
      await syncConnection({
        db,
        crm,
        connection: here.connection,
        call: { signal: AbortSignal.timeout(60_000) },
      });
      isThrough = !isDead();
    } catch (error) {
      if (!isDead()) throw error;
    }
    seen.add((await leftOut()).join());
  }
  assert.ok(runs > 10, `${runs} runs`);
  assert.deepEqual([...seen], [both.join(), 'alder.example']);
});
