import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import type { SalesforceTwin } from '../../../sandbox/salesforce/twin.ts';
import type { CallOptions } from '../../../src/connectors/call.ts';
import type { Crm, DealPage, SyncCursor } from '../../../src/connectors/crm.ts';
import { accountId, login, records, startSmall } from '../../sandbox/salesforce-fixture.ts';
import { connect, ledger } from './connect.ts';
import { neverInOrder } from './never-in-order.ts';

const OPEN = 4_500;
const CLOSED = 300;
const SETS = { rowsPerSet: 1_500, rowsPerPage: 500 };

async function readDeals(
  crm: Crm,
  cursor: SyncCursor | null,
  options: CallOptions = ledger(),
  enough: (pages: DealPage[]) => boolean = () => false,
) {
  assert.ok(crm.readDeals !== undefined);
  const pages: DealPage[] = [];
  for await (const page of crm.readDeals(cursor, options)) {
    pages.push(page);
    if (enough(pages)) break;
  }
  return { pages, deals: pages.flatMap((page) => page.deals), cursor: pages.at(-1)?.cursor ?? null };
}

const idsOf = (...all: { externalId: string }[][]): string[] =>
  all.flatMap((deals) => deals.map(({ externalId }) => externalId));

suite('An org with many open deals', () => {
  let twin: SalesforceTwin;
  let open: string[];
  let closed: string[];
  before(async () => {
    twin = await startSmall();
    const deal = (StageName: string, AccountId: string) => (_: unknown, index: number) => ({ Name: `Deal ${index}`, StageName, CloseDate: '2027-01-31', AccountId }); // prettier-ignore
    const make = (count: number, stage: string, account: string): string[] => {
      const made = twin.edit({
        operation: 'create',
        as: 'rep:Anna',
        object: 'Opportunity',
        records: Array.from({ length: count }, deal(stage, accountId(account))),
      });
      assert.ok(typeof made === 'object' && made !== null && 'ids' in made && Array.isArray(made.ids));
      return made.ids.map(String);
    };
    // Saved well before they are read, the last one well behind the others: the next sync looks back eleven minutes.
    twin.kit.clock.set(-7_200_000);
    open = make(OPEN - 1, 'Prospecting', 'alder');
    closed = make(CLOSED, 'Closed Won', 'cedar');
    twin.kit.clock.set(-3_600_000);
    open.push(...make(1, 'Prospecting', 'birch'));
    twin.kit.clock.set(0);
    twin.bulkQueries.durationMs = 40;
  });
  after(() => twin.close());
  afterEach(async () => {
    Object.assign(twin.bulkQueries, { durationMs: 40, failWith: null, jobsPerDay: 10_000 });
    twin.edit({ operation: 'revoke', as: 'administrator', rights: [] });
    twin.kit.clock.set(0);
    const admin = await login(twin, 'administrator');
    for (const job of await jobsLeft()) await admin('DELETE', `/jobs/query/${job}`);
    twin.kit.calls.clear();
  });

  const patient = (): Crm => connect(twin, { bulk: { ...SETS, above: 2_000 } });
  const callsOf = (operation: string): number => twin.kit.calls.summary().byOperation[operation]?.calls ?? 0;
  const jobsLeft = async (): Promise<string[]> => {
    const admin = await login(twin, 'administrator');
    return records(await admin('GET', '/jobs/query')).map((job) => String(job.id));
  };

  test('that Salesforce does not put in order in time is read in bulk, and the next sync asks for what changed alone', async () => {
    const options = ledger();
    const unordered = connect(twin, { fetch: neverInOrder('Opportunity'), bulk: SETS });
    const first = await readDeals(unordered, null, options);
    assert.deepEqual(idsOf(first.deals).toSorted(), open.toSorted(), 'each once, and no closed one');
    assert.ok(first.deals.every((deal) => deal.open));
    assert.equal(first.deals.filter((deal) => deal.accountId === accountId('birch')).length, 1);
    assert.match(
      options.notices[0] ?? '',
      /put Opportunity in order in time, so that it is read in bulk: .*too long/,
    );
    assert.equal(options.notices.length, 1);
    assert.deepEqual(await jobsLeft(), []);
    // Each call that reached the org is told, with the one that was not answered.
    const told = options.calls.filter(({ operation }) => operation.startsWith('bulk')).length;
    assert.equal(told, ['create', 'state', 'results', 'delete'].reduce((sum, what) => sum + callsOf(what === 'state' ? 'bulk query' : `bulk query ${what}`), 0)); // prettier-ignore

    const [won = '', moved = ''] = open;
    twin.edit({ as: 'rep:Anna', id: won, fields: { StageName: 'Closed Won' } });
    twin.edit({ operation: 'delete', as: 'rep:Anna', id: moved });
    twin.kit.calls.clear();
    const second = await readDeals(connect(twin), first.cursor);
    assert.deepEqual(
      twin.kit.calls.list().map(({ operation }) => operation),
      ['token', 'describe', 'query all'],
    );
    assert.deepEqual(
      new Map(second.deals.map((deal) => [deal.externalId, deal.open])),
      new Map([
        [open.at(-1), true],
        [won, false],
        [moved, false],
      ]),
    );
    twin.edit({ as: 'rep:Anna', id: won, fields: { StageName: 'Prospecting' } });
    twin.edit({ operation: 'undelete', as: 'rep:Anna', id: moved });
  });

  test('is read in bulk behind its first page, whose deals do not come again', async () => {
    const { deals } = await readDeals(patient(), null);
    assert.equal(new Set(idsOf(deals)).size, OPEN);
    // Those that were saved within this minute may come twice.
    assert.ok(deals.length <= OPEN + 2, `${deals.length} deals`);
    assert.deepEqual(
      ['query all', 'query more', 'bulk query create', 'bulk query delete'].map(callsOf),
      [1, 0, 1, 1],
    );
    assert.ok(!idsOf(deals).some((id) => closed.includes(id)));
  });

  test('goes on with the same job after a stop in the middle of it', async () => {
    const before = await readDeals(patient(), null, ledger(), (pages) => pages.length === 4);
    assert.equal((await jobsLeft()).length, 1);
    twin.kit.calls.clear();
    const rest = await readDeals(patient(), before.cursor);
    assert.equal(new Set(idsOf(before.deals, rest.deals)).size, OPEN);
    assert.deepEqual(['query all', 'bulk query create'].map(callsOf), [0, 0]);
    assert.deepEqual(await jobsLeft(), []);
  });

  test('a stop while the job is at work ends the reading, and a job that nobody was told of is taken out of the org', async () => {
    twin.bulkQueries.durationMs = 3_600_000;
    const waiting = ledger();
    await assert.rejects(
      readDeals(patient(), null, waiting, (pages) => {
        if (pages.at(-1)?.deals.length === 0)
          setTimeout(() => waiting.stop.abort(new Error('shutting down')), 20);
        return false;
      }),
      /shutting down/,
    );
    assert.equal((await jobsLeft()).length, 1, 'who goes on finds it');
    await readDeals(patient(), null, ledger(), (pages) => pages.at(-1)?.deals.length === 0);
    assert.equal(callsOf('bulk query abort'), 1);
    assert.equal((await jobsLeft()).length, 1);
    twin.bulkQueries.durationMs = 0;
  });

  test('comes by REST pages where Bulk is not allowed, and it is said why', async () => {
    twin.edit({ operation: 'revoke', as: 'administrator', rights: ['use bulk'] });
    const options = ledger();
    const { deals } = await readDeals(patient(), null, options);
    assert.equal(idsOf(deals).length, OPEN);
    assert.match(options.notices[0] ?? '', /no bulk query of Opportunity.*REST pages instead.*permission/);
  });
});
