import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import type { SalesforceTwin } from '../../../sandbox/salesforce/twin.ts';
import type { ChangePage, Crm, SyncCursor } from '../../../src/connectors/crm.ts';
import type { SalesforceOptions } from '../../../src/connectors/salesforce/salesforce.ts';
import { ProviderError } from '../../../src/errors.ts';
import { accountId, login, records, smallWorld, startSmall } from '../../sandbox/salesforce-fixture.ts';
import { connect, ledger, readAll } from './connect.ts';

const MORE = 12_000;
const ALL = MORE + 3;
const SETS = { rowsPerSet: 4_000, rowsPerPage: 1_500 };

const idsOf = (pages: readonly ChangePage[]): string[] =>
  pages.flatMap((page) => page.records.map((record) => record.externalId));

suite('A large org is read in bulk', () => {
  let twin: SalesforceTwin;
  let crm: Crm;
  before(async () => {
    twin = await startSmall({ world: smallWorld(MORE) });
    twin.bulkQueries.durationMs = 40;
    crm = connect(twin);
    await crm.installFields(ledger());
  });
  after(() => twin.close());
  afterEach(async () => {
    twin.kit.faults.set({});
    Object.assign(twin.bulkQueries, { durationMs: 40, failWith: null, jobsPerDay: 10_000 });
    twin.edit({ operation: 'revoke', as: 'administrator', rights: [] });
    twin.kit.clock.set(0);
    const admin = await login(twin, 'administrator');
    for (const job of await jobsLeft()) await admin('DELETE', `/jobs/query/${job}`);
    twin.kit.calls.clear();
  });

  const inSets = (settings: Partial<SalesforceOptions> = {}): Crm =>
    connect(twin, { ...settings, bulk: { ...SETS, ...settings.bulk } });
  const callsOf = (operation: string): number => twin.kit.calls.summary().byOperation[operation]?.calls ?? 0;
  const jobsLeft = async (): Promise<string[]> => {
    const admin = await login(twin, 'administrator');
    return records(await admin('GET', '/jobs/query')).map((job) => String(job.id));
  };
  /** Reads pages until `enough`, then leaves as a stopped worker does; answers them and the last cursor. */
  const readSome = async (from: Crm, enough: (page: ChangePage, pages: ChangePage[]) => boolean) => {
    const pages: ChangePage[] = [];
    for await (const page of from.readChanges('Account', null, ledger())) {
      pages.push(page);
      if (enough(page, pages)) break;
    }
    return { pages, cursor: pages.at(-1)?.cursor ?? null };
  };
  const failure = async (from: Crm, cursor: SyncCursor | null = null): Promise<ProviderError> => {
    try {
      await readAll(from, 'Account', cursor);
    } catch (error) {
      if (error instanceof ProviderError) return error;
      throw error;
    }
    return assert.fail('it was read');
  };
  /** Answers of one kind, changed on their way. */
  const lying = (path: RegExp, change: (answer: Response) => Response | Promise<Response>) => ({
    fetch: async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const answer = await fetch(input, init);
      const target = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
      return path.test(target) && answer.status === 200 ? change(answer) : answer;
    },
  });
  const withHeaders = (answer: Response, change: (headers: Headers) => void): Response => {
    const headers = new Headers(answer.headers);
    headers.delete('content-encoding');
    headers.delete('content-length');
    change(headers);
    return new Response(answer.body, { headers });
  };

  test('a job’s results say that they are as old as the page which named it, also to whoever goes on with them', async () => {
    const { pages, cursor } = await readSome(inSets(), (_page, some) => some.length === 4);
    assert.deepEqual(
      pages.map(({ continues = false }) => continues),
      [false, false, true, true],
    );
    for await (const page of inSets().readChanges('Account', cursor, ledger())) assert.ok(page.continues);
  });

  test('every account arrives, for a handful of calls, and nothing is left in the org', async () => {
    const options = ledger();
    const { records: rows } = await readAll(crm, 'Account', null, options);
    assert.equal(new Set(rows.map((row) => row.externalId)).size, ALL);
    assert.equal(rows.length, ALL, 'what the first page brought does not come again');
    const calls = twin.kit.calls.summary().byOperation;
    assert.deepEqual(
      ['query all', 'query more', 'bulk query create', 'bulk query results', 'bulk query delete'].map(
        (name) => calls[name]?.calls ?? 0,
      ),
      [1, 0, 1, 1, 1],
    );
    assert.deepEqual(await jobsLeft(), []);
    assert.deepEqual(options.notices, []);
  });

  test('the second sync of an unchanged org is one query', async () => {
    const { cursor } = await readAll(crm, 'Account', null);
    twin.kit.calls.clear();
    const second = await readAll(crm, 'Account', cursor);
    assert.ok(second.records.length <= 12, `${second.records.length} rows`);
    assert.deepEqual(
      twin.kit.calls.list().map((call) => call.operation),
      ['query all'],
    );
  });

  test('rows are those of REST pages to the letter', async () => {
    const hostile = [
      ['Komma, "Anführung" & Söhne', 'one\ntwo\r\nthree, "four"\n'],
      ['株式会社サンプル', '長い説明\n二行目'],
      ["'; DROP", '\ttab, and \\ backslash'],
      ['"', '""'],
      ['#N/A', 'null'],
    ] as const;
    for (const [index, [name, why]] of hostile.entries())
      twin.edit({
        as: 'rep:Anna',
        id: accountId(`more-${11_000 + index}`),
        fields: { Name: name, Fieldnote_Why__c: why, Fieldnote_Score__c: 88, NumberOfEmployees: 12 + index },
      });
    twin.edit({
      operation: 'create',
      as: 'rep:Anna',
      object: 'Contact',
      records: Array.from({ length: 2_500 }, (_, index) => ({
        LastName: `Müller, "${index}"`,
        Email: `m${index}@alder.example`,
        AccountId: index % 2 === 0 ? accountId(`more-${11_000 + (index % 5)}`) : null,
      })),
    });
    twin.edit({
      operation: 'create',
      as: 'rep:Anna',
      object: 'Lead',
      records: Array.from({ length: 2_500 }, (_, index) => ({
        LastName: `Lead ${index}`,
        Company: 'Ünal\nGmbH',
        NumberOfEmployees: index % 3 === 0 ? null : index,
      })),
    });
    const paged = connect(twin, { bulk: { above: Infinity } });
    const bulk = inSets({ bulk: { above: 2_000 } });
    for (const object of ['Account', 'Lead', 'Contact'] as const) {
      const before = callsOf('bulk query results');
      const byId = (all: Awaited<ReturnType<typeof readAll>>) =>
        Object.fromEntries(all.records.map((record) => [record.externalId, record]));
      const [expected, found] = [
        byId(await readAll(paged, object, null)),
        byId(await readAll(bulk, object, null)),
      ];
      assert.deepEqual(found, expected, object);
      assert.ok(callsOf('bulk query results') > before, object);
    }
  });

  test('a sync stopped in the middle of a set goes on with the same job', async () => {
    const { pages, cursor } = await readSome(inSets(), (_page, sofar) => idsOf(sofar).length > 8_000);
    assert.equal((await jobsLeft()).length, 1);
    twin.kit.calls.clear();
    const rest = await readAll(inSets(), 'Account', cursor);
    assert.equal(new Set([...idsOf(pages), ...idsOf(rest.pages)]).size, ALL);
    assert.deepEqual(
      [callsOf('query all'), callsOf('bulk query create'), callsOf('bulk query results')],
      [0, 0, 2],
    );
    assert.deepEqual(await jobsLeft(), []);
    assert.deepEqual((await readAll(crm, 'Account', rest.cursor)).records.length < 20, true);
  });

  test('a sync stopped while the job is at work goes on waiting for it', async () => {
    twin.bulkQueries.durationMs = 3_600_000;
    const waiting = ledger();
    const pages: ChangePage[] = [];
    await assert.rejects(async () => {
      for await (const page of crm.readChanges('Account', null, waiting)) {
        pages.push(page);
        if (page.records.length === 0) setTimeout(() => waiting.stop.abort(new Error('shutting down')), 20);
      }
    }, /shutting down/);
    twin.bulkQueries.durationMs = 0;
    const rest = await readAll(crm, 'Account', pages.at(-1)?.cursor ?? null);
    assert.equal(new Set([...idsOf(pages), ...idsOf(rest.pages)]).size, ALL);
    assert.equal(callsOf('bulk query create'), 1);
  });

  test('a job that nobody was told of is taken out of the org', async () => {
    twin.bulkQueries.durationMs = 3_600_000;
    await readSome(crm, (page) => page.records.length === 0);
    assert.deepEqual(await jobsLeft(), []);
    assert.equal(callsOf('bulk query abort'), 1);
  });

  test('a job that is gone when the sync goes on is followed by a new one, and nothing is left out', async () => {
    const { pages, cursor } = await readSome(inSets(), (_page, sofar) => idsOf(sofar).length > 6_000);
    const admin = await login(twin, 'administrator');
    await admin('DELETE', `/jobs/query/${String(cursor?.job)}`);
    twin.kit.calls.clear();
    const rest = await readAll(inSets(), 'Account', cursor);
    // What the lost job had read does not count: its rows came in no order.
    assert.equal(new Set([...idsOf(pages.slice(0, 1)), ...idsOf(rest.pages)]).size, ALL);
    assert.equal(callsOf('bulk query create'), 1);
  });

  test('a set that is refused when the sync goes on is not asked for over and over', async () => {
    const { pages, cursor } = await readSome(inSets(), (_page, sofar) => idsOf(sofar).length > 6_000);
    twin.kit.calls.clear();
    const rest = await readAll(inSets(), 'Account', { ...cursor, locator: 'of-last-year' });
    assert.equal(new Set([...idsOf(pages.slice(0, 1)), ...idsOf(rest.pages)]).size, ALL);
    assert.equal(callsOf('bulk query create'), 1);
    assert.deepEqual(await jobsLeft(), []);
  });

  test('a job that vanishes while it is read ends in REST pages', async () => {
    const admin = await login(twin, 'administrator');
    const pages: ChangePage[] = [];
    for await (const page of inSets().readChanges('Account', null, ledger())) {
      pages.push(page);
      if (pages.length === 4) await admin('DELETE', `/jobs/query/${String(page.cursor.job)}`);
    }
    assert.equal(new Set(idsOf(pages)).size, ALL);
    assert.equal(callsOf('bulk query create'), 1);
    assert.ok(callsOf('query more') > 0);
  });

  test('rows changed while the job is read are read again by the next sync', async () => {
    let cursor: SyncCursor | null = null;
    let pages = 0;
    for await (const page of inSets().readChanges('Account', null, ledger())) {
      cursor = page.cursor;
      pages += 1;
      twin.kit.clock.set(pages * 600_000);
      if (pages === 2) twin.edit({ as: 'rep:Anna', id: accountId('more-5'), fields: { Phone: '1' } });
      if (pages === 4) twin.edit({ as: 'rep:Anna', id: accountId('more-11999'), fields: { Phone: '2' } });
    }
    const ids = idsOf((await readAll(crm, 'Account', cursor)).pages);
    assert.ok(ids.includes(accountId('more-5')) && ids.includes(accountId('more-11999')));
  });

  test('a set without a locator, or that leads back, is an error and no endless loop', async () => {
    const without = lying(/\/results/, (answer) =>
      withHeaders(answer, (headers) => headers.delete('sforce-locator')),
    );
    assert.equal((await failure(inSets(without))).kind, 'malformed');
    assert.equal(callsOf('bulk query results'), 1);
    assert.deepEqual(await jobsLeft(), []);
    const circle = lying(/\/results/, (answer) =>
      withHeaders(answer, (headers) => {
        if (headers.get('sforce-locator') === 'null') headers.set('sforce-locator', first);
        else first ||= headers.get('sforce-locator') ?? '';
      }),
    );
    let first = '';
    const error = await failure(inSets(circle));
    assert.match(error.message, /come back to a set/);
    assert.deepEqual(await jobsLeft(), []);
  });

  test('a set that breaks off or stalls is read again, and a row may come twice but none is left out', async () => {
    for (const fault of ['rateCut', 'rateStall', 'rateGarbage', 'rateReset', 'rate500'] as const) {
      twin.kit.faults.set({ only: ['/results'], [fault]: 1, limit: 2 });
      const { records: rows } = await readAll(inSets({ bulk: { idleMs: 400 } }), 'Account', null);
      assert.equal(new Set(rows.map((row) => row.externalId)).size, ALL, fault);
    }
  });

  test('a set that never comes whole is an outage that names itself, and the job waits', async () => {
    twin.kit.faults.set({ only: ['/results'], rateStall: 1 });
    const error = await failure(inSets({ bulk: { idleMs: 30 } }));
    assert.equal(error.kind, 'unavailable');
    assert.match(error.message, /stalled/);
    assert.equal((await jobsLeft()).length, 1);
  });

  test('a slow reader is not taken for a stalled answer', async () => {
    let rows = 0;
    for await (const page of inSets({ bulk: { idleMs: 250 } }).readChanges('Account', null, ledger())) {
      rows += page.records.length;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    assert.equal(rows, ALL);
  });

  test('a set with fewer rows than it says is not believed', async () => {
    const more = lying(/\/results/, (answer) =>
      withHeaders(answer, (headers) => headers.set('sforce-numberofrecords', '4001')),
    );
    const error = await failure(inSets(more));
    assert.equal(error.kind, 'malformed');
    assert.match(error.message, /4001 rows came with 4000/);
  });

  test('a set that does not tell how many rows it has is taken as it comes', async () => {
    const silent = lying(/\/results/, (answer) =>
      withHeaders(answer, (headers) => headers.delete('sforce-numberofrecords')),
    );
    const { pages } = await readAll(inSets(silent), 'Account', null);
    assert.equal(new Set(idsOf(pages)).size, ALL);
  });

  test('a stop in the middle of a set ends at once', async () => {
    twin.kit.faults.set({ only: ['/results'], rateStall: 1 });
    const options = ledger();
    const reading = readAll(inSets(), 'Account', null, options);
    setTimeout(() => options.stop.abort(new Error('enough')), 300);
    await assert.rejects(reading, /enough/);
  });

  const targetOf = (input: string | URL | Request): string =>
    typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
  const isOrdered = (input: string | URL | Request): boolean => /ORDER%20BY/.test(targetOf(input));
  const tooLong = [{ errorCode: 'QUERY_TIMEOUT', message: 'Your query request was running for too long.' }];
  const hang = (init?: RequestInit): Promise<Response> =>
    new Promise((_, reject) => {
      const stop = (): void => reject(new DOMException('stopped', 'AbortError'));
      init?.signal?.addEventListener('abort', stop, { once: true });
    });
  const slow: [string, (init?: RequestInit) => Promise<Response>][] = [
    ['gives up sorting', async () => Response.json(tooLong, { status: 400 })],
    ['sorts for longer than we wait', hang],
  ];
  for (const [how, answer] of slow)
    test(`an org so large that it ${how} is read in bulk all the same`, async () => {
      const options = ledger();
      const one = connect(
        twin,
        { fetch: async (input, init) => (isOrdered(input) ? answer(init) : fetch(input, init)), bulk: SETS },
        { attemptTimeoutMs: 2_000, attempts: 1 },
      );
      const { pages, cursor } = await readAll(one, 'Account', null, options);
      assert.equal(new Set(idsOf(pages)).size, ALL);
      assert.equal(idsOf(pages).length, ALL);
      assert.match(options.notices[0] ?? '', /Account.* is read in bulk/);
      twin.kit.calls.clear();
      const again = await readAll(crm, 'Account', cursor);
      assert.ok(again.records.length <= 12, `${again.records.length} rows come again`);
      assert.equal(callsOf('query all'), 1);
    });

  test('an org that answers nothing at all is an outage, and no job is made', async () => {
    const dead = connect(
      twin,
      {
        fetch: async (input, init) => (targetOf(input).includes('/query') ? hang(init) : fetch(input, init)),
      },
      { attemptTimeoutMs: 300, attempts: 1 },
    );
    assert.equal((await failure(dead)).kind, 'unavailable');
    assert.deepEqual(await jobsLeft(), []);
  });

  test('where Bulk is not allowed, REST pages are read, and it is said why', async () => {
    twin.edit({ operation: 'revoke', as: 'administrator', rights: ['use bulk'] });
    const options = ledger();
    const { records: rows } = await readAll(crm, 'Account', null, options);
    assert.equal(rows.length, ALL);
    assert.equal(options.notices.length, 1);
    assert.match(options.notices[0] ?? '', /REST pages instead.*Bulk API is not enabled.*permission/);
  });

  test("where the day's jobs are used up, REST pages are read, and it is said why", async () => {
    twin.bulkQueries.jobsPerDay = 0;
    const options = ledger();
    const { records: rows } = await readAll(crm, 'Account', null, options);
    assert.equal(rows.length, ALL);
    assert.match(options.notices[0] ?? '', /Max bulk v2 query jobs/);
  });

  test('a job that fails is named with its reason, and REST pages are read', async () => {
    twin.bulkQueries.failWith = 'InvalidBatch : Failed to process query: QUERY_TIMEOUT';
    const options = ledger();
    const { records: rows } = await readAll(crm, 'Account', null, options);
    assert.equal(new Set(rows.map((row) => row.externalId)).size, ALL);
    assert.match(options.notices[0] ?? '', /job 750\w+ for Account failed: InvalidBatch .*QUERY_TIMEOUT/);
    assert.deepEqual(await jobsLeft(), []);
  });

  test('a job that takes too long is given up, and REST pages are read', async () => {
    twin.bulkQueries.durationMs = 3_600_000;
    const options = ledger();
    const { records: rows } = await readAll(
      connect(twin, { bulk: { waitMs: 50 } }),
      'Account',
      null,
      options,
    );
    assert.equal(new Set(rows.map((row) => row.externalId)).size, ALL);
    assert.match(options.notices[0] ?? '', /was not done within/);
    assert.deepEqual(await jobsLeft(), []);
  });

  test('a job that somebody aborts is an error that says so; the next sync starts a new one', async () => {
    twin.bulkQueries.durationMs = 3_600_000;
    const admin = await login(twin, 'administrator');
    const pages: ChangePage[] = [];
    await assert.rejects(
      async () => {
        for await (const page of crm.readChanges('Account', null, ledger())) {
          pages.push(page);
          const { job } = page.cursor;
          if (page.records.length === 0)
            await admin('PATCH', `/jobs/query/${String(job)}`, { state: 'Aborted' });
        }
      },
      (error) =>
        error instanceof ProviderError && error.kind === 'refused' && /who aborted it/.test(error.fix ?? ''),
    );
    assert.deepEqual(await jobsLeft(), []);
    twin.bulkQueries.durationMs = 0;
    const rest = await readAll(crm, 'Account', pages.at(-1)?.cursor ?? null);
    assert.equal(new Set([...idsOf(pages), ...idsOf(rest.pages)]).size, ALL);
  });

  test('a session that ends midway is renewed', async () => {
    const pages: ChangePage[] = [];
    for await (const page of inSets().readChanges('Account', null, ledger())) {
      pages.push(page);
      if (pages.length % 2 === 0) twin.expireTokens();
    }
    assert.equal(new Set(idsOf(pages)).size, ALL);
  });
});

test('25,000 accounts with one timestamp all arrive in bulk, and the sync ends', async (context) => {
  const twin = await startSmall();
  context.after(() => twin.close());
  twin.bulkQueries.durationMs = 0;
  const crm = connect(twin);
  const records = Array.from({ length: 25_000 }, (_, index) => ({ Name: `Same second ${index}` }));
  twin.edit({ operation: 'create', as: 'administrator', object: 'Account', records });
  const first = await readAll(crm, 'Account', null);
  assert.equal(new Set(idsOf(first.pages)).size, 25_003);
  // Saved within this minute, a row of the first page may have been saved again under the same stamp: it comes a second time.
  assert.ok(idsOf(first.pages).length > 25_003);
  const second = await readAll(crm, 'Account', first.cursor);
  assert.equal(new Set(idsOf(second.pages)).size, 25_000);
});
