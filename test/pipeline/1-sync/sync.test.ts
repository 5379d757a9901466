import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ChangePage, Crm, CrmObject, CrmRecord } from '../../../src/connectors/crm.ts';
import type { Tx } from '../../../src/db.ts';
import { ProviderError } from '../../../src/errors.ts';
import { SyncedElsewhere } from '../../../src/pipeline/1-sync/synced-elsewhere.ts';
import { SettingsChanged } from '../../../src/pipeline/1-sync/settings-changed.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { askForFullSync } from '../../../src/pipeline/store/cursors.ts';
import { ensureConnection, saveSettings } from '../../../src/pipeline/store/connections.ts';
import type { Connection } from '../../../src/pipeline/store/connections.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/browser-page.ts';
import { isWaitedFor } from '../../harness/lock-waits.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { createReadingCrm } from '../../harness/reading-crm.ts';

let here: TestDatabase;
let workspaceId: string;
let connection: Connection;

before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
  connection = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'salesforce', 'test'),
  );
});
after(() => here.close());

/** A CRM that sends these pages and, told so, breaks off behind one of them. */
function createCrm(pages: Partial<Record<CrmObject, CrmRecord[][]>>, breakAfter = Infinity): Crm {
  let sent = 0;
  return createReadingCrm({
    readObjects: ['Account', 'Lead', 'Contact'],
    async *readChanges(object, cursor): AsyncGenerator<ChangePage> {
      const from = typeof cursor?.page === 'number' ? cursor.page : 0;
      for (const [index, records] of (pages[object] ?? []).entries()) {
        if (index < from) continue;
        if (sent >= breakAfter) throw new Error('the connection broke');
        sent += 1;
        yield { records, cursor: { page: index + 1 } };
      }
    },
  });
}

const askAnew = () => here.db.inWorkspace(workspaceId, (tx) => askForFullSync(tx, connection.id));

const sync = async (crm: Crm, full = false) => {
  if (full) await askAnew();
  return syncConnection({ db: here.db, crm, connection, call: { signal: new AbortController().signal } });
};

const query = async <Row extends object>(text: string): Promise<Row[]> =>
  here.db.inWorkspace(workspaceId, async (tx) => (await tx.query<Row & Record<string, unknown>>(text)).rows);

test('accounts, leads and contacts of one domain are one company', async () => {
  const crm = createCrm({
    Account: [
      [crmRecord('Account', 'a1', { name: 'Tarn Optics', website: 'https://www.tarn-optics.example/de' })],
    ],
    Lead: [
      [crmRecord('Lead', 'l1', { name: 'Ida Holm', companyName: 'Tarn', email: 'Ida@TARN-optics.example' })],
    ],
    Contact: [[crmRecord('Contact', 'c1', { name: 'Bo Lind', email: 'bo@gmail.com', parentId: 'a1' })]],
  });

  const result = await sync(crm);

  assert.deepEqual([result.read, result.companiesAdded], [3, 1]);
  const records = await query<{ n: number }>(
    'select count(*) as n from records where company_id is not null',
  );
  assert.equal(records[0]?.n, 3);
  const [company] = await query<{ domain: string; name: string }>('select domain, name from companies');
  assert.deepEqual([company?.domain, company?.name], ['tarn-optics.example', 'Tarn Optics']);
});

test('a row that only our own writes touched is no change', async () => {
  const touched = crmRecord('Account', 'a1', {
    name: 'Tarn Optics',
    website: 'https://www.tarn-optics.example/de',
    modifiedAt: '2026-11-02T10:00:00.000Z',
    ours: { score: 88 },
  });

  const result = await sync(createCrm({ Account: [[touched]] }), true);

  assert.deepEqual([result.read, result.changed, result.companiesChanged], [1, 0, 0]);
});

test('a changed industry makes the company due again', async () => {
  await here.db.inWorkspace(workspaceId, (tx) => tx.query('update companies set due_at = null'));
  const changed = crmRecord('Account', 'a1', {
    name: 'Tarn Optics',
    website: 'tarn-optics.example',
    industry: 'Optics',
    modifiedAt: '2026-11-03T10:00:00.000Z',
  });

  const result = await sync(createCrm({ Account: [[changed]] }), true);

  assert.equal(result.companiesChanged, 1);
  const due = await query<{ n: number }>('select count(*) as n from companies where due_at <= now()');
  assert.equal(due[0]?.n, 1);
});

test('free-mail leads, person accounts and hosted pages are skipped, each with its reason', async () => {
  await sync(
    createCrm({
      Account: [
        [
          crmRecord('Account', 'p1', { name: 'Eva Person', isPerson: true }),
          crmRecord('Account', 'h1', { name: 'Shop', website: 'https://shop.myshopify.com' }),
          crmRecord('Account', 'n1', { name: 'Nameless GmbH' }),
          crmRecord('Account', 'n2', { name: 'Placeholder GmbH', website: 'n/a' }),
          crmRecord('Account', 'n3', { name: 'Prefix GmbH', website: 'http://' }),
        ],
      ],
      Lead: [[crmRecord('Lead', 'f1', { name: 'Free Mail', email: 'someone@gmail.com' })]],
    }),
    true,
  );

  const skipped = await query<{ external_id: string; skipped_because: string }>(
    `select external_id, skipped_because from records where company_id is null order by external_id`,
  );
  const because = Object.fromEntries(skipped.map((one) => [one.external_id, one.skipped_because]));
  assert.match(because.f1 ?? '', /mailbox provider/);
  assert.match(because.h1 ?? '', /myshopify/);
  assert.match(because.p1 ?? '', /person account/);
  assert.equal(because.n1, 'no website');
  assert.deepEqual(
    [because.n2, because.n3],
    ['no website', 'no website'],
    'a placeholder is none: it is looked for by its name',
  );
});

test('a duplicate that is made later changes nothing of what its company is called, though its id has a digit more', async () => {
  const original = crmRecord('Account', '226486300240', {
    name: 'Weir Audio',
    website: 'weir-audio.example',
  });
  const duplicate = crmRecord('Account', '1000000000005', {
    name: 'Weir dup',
    website: 'weir-audio.example',
  });
  const names = () =>
    query<{ name: string }>(`select name from companies where domain = 'weir-audio.example'`);

  await sync(createCrm({ Account: [[original]] }), true);
  const { companiesChanged } = await sync(createCrm({ Account: [[original, duplicate]] }), true);
  assert.deepEqual([companiesChanged, await names()], [0, [{ name: 'Weir Audio' }]]);

  await query(`delete from records where external_id in ('226486300240', '1000000000005')`);
  await query(`delete from companies where domain = 'weir-audio.example'`);
  await sync(createCrm({ Account: [[duplicate, original]] }), true);
  assert.deepEqual(await names(), [{ name: 'Weir Audio' }], 'read at once');
});

test('an account without a website is where its contacts’ e-mails point', async () => {
  await sync(
    createCrm({
      Account: [[crmRecord('Account', 'w1', { name: 'Fell Press' })]],
      Contact: [
        [
          crmRecord('Contact', 'w2', { name: 'A', email: 'a@fell-press.example', parentId: 'w1' }),
          crmRecord('Contact', 'w3', { name: 'B', email: 'b@fell-press.example', parentId: 'w1' }),
          crmRecord('Contact', 'w4', { name: 'C', email: 'c@elsewhere.example', parentId: 'w1' }),
        ],
      ],
    }),
    true,
  );

  const rows = await query<{ domain: string }>(
    `select c.domain from records r join companies c on c.id = r.company_id where r.external_id in ('w1', 'w4')`,
  );
  assert.deepEqual(
    rows.map((one) => one.domain),
    ['fell-press.example', 'fell-press.example'],
  );
});

test('a deleted row leads to no company any more', async () => {
  await sync(createCrm({ Account: [[crmRecord('Account', 'w1', { deleted: true })]] }), true);

  const [gone] = await query<{ company_id: string | null }>(
    `select company_id from records where external_id = 'w1'`,
  );
  assert.equal(gone?.company_id, null);
});

test('a sync that breaks off goes on behind the rows that it stored', async () => {
  const pages = Array.from({ length: 4 }, (_, page) =>
    Array.from({ length: 5000 }, (_row, index) =>
      crmRecord('Account', `big${page}-${index}`, {
        name: `Big ${page}`,
        website: `big${page}-${index}.example`,
      }),
    ),
  );
  await assert.rejects(sync(createCrm({ Account: pages }, 2), true), /the connection broke/);
  const stored = await query<{ n: number }>(
    `select count(*) as n from records where external_id like 'big%'`,
  );

  const rest = await sync(createCrm({ Account: pages }));

  assert.equal((stored[0]?.n ?? 0) + rest.changed, 20_000);
  const all = await query<{ n: number }>(`select count(*) as n from companies where domain like 'big%'`);
  assert.equal(all[0]?.n, 20_000);
});

test('a sync whose calls are used up after a few pages goes on behind the last row that it read, not behind the last thousand', async () => {
  const pages = Array.from({ length: 9 }, (_, page) =>
    Array.from({ length: 100 }, (_row, index) =>
      crmRecord('Account', `few${page}-${index}`, { website: `few${page}-${index}.example` }),
    ),
  );
  const read: number[] = [];
  for (let day = 0; day < 3; day += 1) {
    const crm = createCrm({ Account: pages }, 2);
    await assert.rejects(sync(crm, day === 0), /the connection broke/);
    const [stored] = await query<{ n: number }>(
      `select count(*) as n from records where external_id like 'few%'`,
    );
    read.push(stored?.n ?? 0);
  }
  assert.deepEqual(read, [200, 400, 600]);
});

test('everything is read anew once it was asked for, also where the sync that was asked is stopped and another was under way', async () => {
  const account = (id: string) => [crmRecord('Account', id, { website: `${id}.example` })];
  const pages = ['anew0', 'anew1', 'anew2'].map(account);
  const seen: string[] = [];
  const watch = (crm: Crm, act: (id: string) => Promise<void> = async () => undefined): Crm => ({
    ...crm,
    async *readChanges(...asked) {
      for await (const page of crm.readChanges(...asked)) {
        const id = page.records[0]?.externalId ?? '';
        seen.push(id);
        yield page;
        await act(id);
      }
    },
  });
  await sync(watch(createCrm({ Account: pages })), true);
  assert.deepEqual(seen.splice(0), ['anew0', 'anew1', 'anew2']);

  // While an ordinary sync reads what is new, somebody asks for everything, and is stopped behind the first page.
  const newer = [...pages, account('anew3'), account('anew4')];
  const full = async (id: string): Promise<void> => {
    if (id === 'anew3') await assert.rejects(sync(watch(createCrm({ Account: newer }, 1)), true));
  };
  await assert.rejects(sync(watch(createCrm({ Account: newer }), full)), SyncedElsewhere);
  assert.deepEqual(seen.splice(0), ['anew3', 'anew0', 'anew4']);

  await sync(watch(createCrm({ Account: newer })));
  assert.deepEqual(seen.splice(0), ['anew1', 'anew2', 'anew3', 'anew4']);
  await sync(watch(createCrm({ Account: newer })));
  assert.deepEqual(seen, []);
});

test('tabs, backslashes, NUL and lone surrogates in a CRM field are stored as text, not as damage', async () => {
  const name = 'Tab\tBack\\slash\nLine \\N \u0000 \uD800 end';

  await sync(createCrm({ Account: [[crmRecord('Account', 'odd', { name, website: 'odd.example' })]] }), true);

  const [odd] = await query<{ name: string }>(`select name from records where external_id = 'odd'`);
  assert.equal(odd?.name, 'Tab\tBack\\slash\nLine \\N  \uFFFD end');
});

test('two syncs of one connection at once end without a deadlock and store each row once, whichever began later', async () => {
  const pages = Array.from({ length: 3 }, (_, page) =>
    Array.from({ length: 1000 }, (_row, index) =>
      crmRecord('Account', `both${page}-${index}`, { name: 'Both', website: `both${page}-${index}.example` }),
    ),
  );
  const reversed = pages.toReversed().map((page) => page.toReversed());

  const ends = await Promise.allSettled([
    sync(createCrm({ Account: pages }), true),
    sync(createCrm({ Account: reversed }), true),
  ]);

  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
  assert.ok(failures.length < 2);
  for (const failure of failures) assert.ok(failure instanceof SyncedElsewhere);
  const [stored] = await query<{ n: number }>(
    `select count(*) as n from records where external_id like 'both%'`,
  );
  assert.equal(stored?.n, 3000);
});

test('a sync that ends while another one stores a page waits for it, and neither holds up the other', async () => {
  const page = (id: string) => [crmRecord('Account', id, { name: id, website: `${id}.example` })];
  const storing = Promise.withResolvers<void>();
  const first = createCrm({ Account: [page('ends')] });
  const ending = sync(
    {
      ...first,
      async *readChanges(object, ...rest) {
        if (object === 'Lead') await storing.promise;
        yield* first.readChanges(object, ...rest);
      },
    },
    true,
  );
  const seen = `select from sync_cursors where connection_id = '${connection.id}' and seen_until is not null`;
  await until(async () => (await query(seen)).length > 0, 'the first one has read the accounts');

  await askAnew();
  const call = { signal: new AbortController().signal };
  const onPage = async (tx: Tx): Promise<void> => {
    storing.resolve();
    await until(() => isWaitedFor(tx), 'the first one waits for the second');
  };
  await syncConnection({
    db: here.db,
    crm: createCrm({ Account: [page('stores')] }),
    connection,
    call,
    onPage,
  });
  await ending;

  assert.equal((await query(`select from records where external_id in ('ends', 'stores')`)).length, 2);
});

test('a sync that began under other settings stores nothing more once they are changed', async () => {
  const crm = createCrm({
    Account: [[crmRecord('Account', 'late1', { website: 'late1.example' })]],
    Lead: [[crmRecord('Lead', 'late2', { email: 'a@late2.example' })]],
  });
  const settings = { exclude: { customers: false } };
  const slow: Crm = {
    ...crm,
    async *readChanges(object, ...rest) {
      yield* crm.readChanges(object, ...rest);
      if (object === 'Account')
        await here.db.inWorkspace(workspaceId, (tx) =>
          saveSettings(tx, connection.id, settings, connection.settingsVersion),
        );
    },
  };
  await assert.rejects(sync(slow, true), SettingsChanged);
  assert.deepEqual(await query(`select from records where external_id like 'late%'`), []);

  connection = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'salesforce', 'test'),
  );
  assert.equal(connection.settings.exclude.customers, false);
  await sync(crm);
  assert.equal((await query(`select from records where external_id like 'late%'`)).length, 2);
  const stale = await here.db.inWorkspace(workspaceId, (tx) =>
    saveSettings(tx, connection.id, {}, connection.settingsVersion - 1),
  );
  assert.equal(stale, false, 'nor does an older document overwrite them');
});

test('a first sync that meets a row twice keeps its later version, and a lead changes no company that has an account', async () => {
  const other = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'salesforce', 'fresh'),
  );
  const account = (id: string, rest: Partial<CrmRecord>): CrmRecord =>
    crmRecord('Account', id, { website: `${id}.example`, ...rest });
  const first = Array.from({ length: 5000 }, (_, index) => account(`fresh${index}`, { name: 'First' }));
  const crm = createCrm({
    Account: [first, [account('fresh7', { name: 'Second' }), account('freshlast', { name: 'Last' })]],
    Lead: [
      [crmRecord('Lead', 'freshlead', { email: 'a@fresh8.example', companyName: 'What a lead calls it' })],
    ],
  });

  const result = await syncConnection({
    db: here.db,
    crm,
    connection: other,
    call: { signal: new AbortController().signal },
  });

  assert.deepEqual([result.changed, result.companiesAdded, result.companiesChanged], [5003, 5001, 1]);
  const names = await query<{ domain: string; name: string }>(
    `select domain, name from companies where domain in ('fresh7.example', 'fresh8.example', 'freshlast.example') order by 1`,
  );
  assert.deepEqual(
    names.map(({ name }) => name),
    ['Second', 'First', 'Last'],
  );
});

const mayNotRead = (object: CrmObject): ProviderError =>
  new ProviderError({
    provider: 'salesforce',
    operation: 'query',
    kind: 'unauthorized',
    status: 403,
    message: `no ${object}`,
  });

test('an object that may not be read is named and holds up no other; where none may be read, that is the sync’s end', async () => {
  const notices: string[] = [];
  const call = {
    signal: new AbortController().signal,
    onNotice: (notice: string) => void notices.push(notice),
  };
  const crm = createCrm({
    Contact: [[crmRecord('Contact', 'still read', { email: 'ann@still-read.example' })]],
  });
  const without = (...objects: CrmObject[]): Crm => ({
    ...crm,
    readChanges: (object, ...rest) => {
      if (objects.includes(object)) throw mayNotRead(object);
      return crm.readChanges(object, ...rest);
    },
  });

  await askAnew();
  const result = await syncConnection({
    db: here.db,
    crm: without('Account', 'Lead'),
    connection,
    call,
  });

  assert.equal(result.read, 1);
  assert.deepEqual(notices, [
    'Account was not read, everything else was: salesforce query: no Account',
    'Lead was not read, everything else was: salesforce query: no Lead',
  ]);
  const none = without('Account', 'Lead', 'Contact');
  await assert.rejects(syncConnection({ db: here.db, crm: none, connection, call }), /no Account/);
});

test('whom somebody is selling to is known before anybody is read who might be taken up', async () => {
  const order: string[] = [];
  const crm = createCrm({
    Account: [[crmRecord('Account', 'a deal of its own', { website: 'deal.example' })]],
  });
  await sync(
    {
      ...crm,
      readChanges: (object, ...rest) => {
        order.push(object);
        return crm.readChanges(object, ...rest);
      },
      async *readDeals() {
        order.push('deals');
        yield { deals: [], cursor: { page: 1 } };
      },
    },
    true,
  );
  assert.deepEqual(order, ['deals', 'Account', 'Lead', 'Contact']);
});

test('leads are asked for while the last accounts are still being stored; where those can’t be, no lead is stored either', async () => {
  const readAhead = async (store: (leadsAsked: Promise<unknown>) => Promise<void>): Promise<void> => {
    const asked = Promise.withResolvers<void>();
    const crm = createCrm({
      Account: [[crmRecord('Account', 'before', { website: 'before.example' })]],
      Lead: [[crmRecord('Lead', 'behind', { email: 'a@before.example' })]],
    });
    await askAnew();
    await syncConnection({
      db: here.db,
      crm: {
        ...crm,
        readChanges: (object, ...rest) => {
          if (object === 'Lead') asked.resolve();
          return crm.readChanges(object, ...rest);
        },
      },
      connection,
      call: { signal: new AbortController().signal },
      onPage: async (_tx, [record]) => {
        if (record?.object === 'Account') await store(asked.promise);
      },
    });
  };
  const stored = () =>
    query<{ id: string }>(
      `select external_id as id from records where external_id in ('before', 'behind') order by 1`,
    );

  await assert.rejects(
    readAhead(async (leadsAsked) => {
      await leadsAsked;
      throw new Error('the database is full');
    }),
    /the database is full/,
  );
  assert.deepEqual(await stored(), []);
  await readAhead(async (leadsAsked) => {
    await leadsAsked;
  });
  assert.deepEqual(await stored(), [{ id: 'before' }, { id: 'behind' }]);
});
