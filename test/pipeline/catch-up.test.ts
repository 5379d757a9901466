import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { App } from '../../src/app.ts';
import type { CrmObject } from '../../src/connectors/crm.ts';
import { ProviderError } from '../../src/errors.ts';
import { createCatchUpJob } from '../../src/pipeline/catch-up-job.ts';
import { createTick } from '../../src/pipeline/schedule.ts';
import { findConnection } from '../../src/pipeline/store/connections.ts';
import type { Connection } from '../../src/pipeline/store/connections.ts';
import { listUnreadable } from '../../src/pipeline/store/unreadable-rows.ts';
import { countHints } from '../../src/pipeline/store/record-hints.ts';
import { MOST_HINTS, tellHints } from '../../src/pipeline/tell-hints.ts';
import type { Telling } from '../../src/pipeline/tell-hints.ts';
import { until } from '../e2e/faults/observe.ts';
import { editTwin, emptyCalls, readCalls } from '../e2e/twin-records.ts';
import { connectAndSync, startSystem, syncAll } from '../harness/system.ts';
import type { System } from '../harness/system.ts';

type Row = {
  externalId: string;
  industry: string | null;
  deleted: boolean;
  mergedInto: string | null;
  modifiedAt: Date;
};

let system: System;
let app: App;
const troubles: string[] = [];

before(async () => {
  system = await startSystem({ limit: 20, environment: { TAVILY_API_KEY: '', LLM_BASE_URL: '' } });
  await connectAndSync(await system.openApp({ worker: false }));
  // One that knows the accounts, which the first check finds, and has logged in.
  app = await system.openApp({ worker: false });
  await syncAll(app);
});
after(() => system.close());

const names = {
  hubspot: { object: 'company', industry: 'industry', twinObject: 'companies' },
  salesforce: { object: 'Account', industry: 'Industry', twinObject: 'Account' },
} as const;
type Kind = keyof typeof names;

const connectionOf = (kind: Kind): Connection => {
  const found = app.connections.find((connection) => connection.kind === kind);
  assert.ok(found !== undefined);
  return found;
};

const tell = (kind: Kind, tellings: readonly (Pick<Telling, 'externalId'> & Partial<Telling>)[]) =>
  tellHints(
    app,
    connectionOf(kind),
    app.crmOf(connectionOf(kind)),
    tellings.map((telling) => ({ object: names[kind].object, kind: 'changed', fields: null, ...telling })),
  );

/** One round of the queue's job, by hand. */
const runJob = (kind: Kind, over: Partial<ReturnType<App['crmOf']>> = {}, gotOn?: () => void) => {
  const { workspaceId, id: connectionId } = connectionOf(kind);
  const job = createCatchUpJob({
    ...app,
    prices: app.config.prices,
    crmOf: (connection) => ({ ...app.crmOf(connection), ...over }),
    onError: (_error, what) => troubles.push(what),
  });
  return job({ workspaceId, connectionId }, AbortSignal.timeout(30_000), gotOn);
};

const rows = (kind: Kind, object: CrmObject = names[kind].object): Promise<Row[]> =>
  app.db.inWorkspace(app.workspaceId, async (tx) => {
    const found = await tx.query<Row>(
      `select external_id as "externalId", industry, deleted, merged_into as "mergedInto", modified_at as "modifiedAt"
       from records where connection_id = $1 and object = $2 order by external_id`,
      [connectionOf(kind).id, object],
    );
    return found.rows;
  });
const row = async (kind: Kind, id: string): Promise<Row | undefined> =>
  (await rows(kind)).find(({ externalId }) => externalId === id);

const waiting = (kind: Kind): Promise<number> =>
  app.db.inWorkspace(app.workspaceId, (tx) => countHints(tx, connectionOf(kind).id));

/** Living companies that no test has used yet. */
const unused = async (kind: Kind, count: number): Promise<string[]> => {
  const found = (await rows(kind)).filter(({ deleted, externalId }) => !deleted && !taken.has(externalId));
  const ids = found.slice(0, count).map(({ externalId }) => externalId);
  assert.equal(ids.length, count, `the world has ${count} more ${names[kind].object} records`);
  for (const id of ids) taken.add(id);
  return ids;
};
const taken = new Set<string>();

const edit = (kind: Kind, id: string, values: Record<string, string>): Promise<unknown> =>
  editTwin(system.sandbox.twins[kind].url, {
    as: 'rep:Nora',
    id,
    ...(kind === 'hubspot' ? { object: names[kind].twinObject, properties: values } : { fields: values }),
  });

/** Another industry than the record has: both CRMs know a closed list of them. */
const otherIndustry = async (kind: Kind, id: string): Promise<string> => {
  const all = (await rows(kind)).flatMap(({ industry }) => industry ?? []);
  const own = (await row(kind, id))?.industry;
  const other = all.find((industry) => industry !== own);
  assert.ok(other !== undefined);
  return other;
};

for (const kind of ['hubspot', 'salesforce'] as const) {
  describe(kind, () => {
    test('records that somebody told us of are read by their ids, in one call, and their companies are due', async () => {
      const ids = await unused(kind, 2);
      const wanted = await Promise.all(ids.map((id) => otherIndustry(kind, id)));
      for (const [place, id] of ids.entries())
        await edit(kind, id, { [names[kind].industry]: wanted[place] ?? '' });
      await app.db.inWorkspace(app.workspaceId, (tx) => tx.query('update companies set due_at = null'));
      await emptyCalls([system.sandbox.twins[kind].url]);

      const told = await tell(
        kind,
        [...ids, ...ids].map((externalId) => ({ externalId })),
      );
      assert.deepEqual(told, { kept: 4, ignored: 0, leftToSync: 0 });
      assert.equal(await waiting(kind), 2);
      assert.equal(await runJob(kind), 'done');

      const found = await Promise.all(ids.map((id) => row(kind, id)));
      assert.deepEqual(
        found.map((one) => one?.industry),
        wanted,
      );
      assert.equal(await waiting(kind), 0);
      const calls = await readCalls(system.sandbox.twins[kind].url);
      assert.deepEqual(
        calls.map(({ operation }) => operation),
        [kind === 'hubspot' ? 'batch read' : 'query all'],
      );
      const due = await app.db.inWorkspace(app.workspaceId, (tx) =>
        tx.query<{ n: number }>('select count(*) as n from companies where due_at <= now()'),
      );
      assert.equal(due.rows[0]?.n, 2);
    });

    test('a change of a field that we do not read, or of an object, is no hint', async () => {
      const [id = ''] = await unused(kind, 1);
      const tellings = [
        { externalId: id, fields: [kind === 'hubspot' ? 'phone' : 'Phone'] },
        { externalId: id, fields: [kind === 'hubspot' ? 'fieldnote_score' : 'Fieldnote_Score__c'] },
        { externalId: id, fields: [kind === 'hubspot' ? 'hs_lastmodifieddate' : 'LastModifiedDate'] },
        { externalId: id, object: kind === 'hubspot' ? ('Account' as const) : ('company' as const) },
      ];
      assert.deepEqual(await tell(kind, tellings), { kept: 0, ignored: 4, leftToSync: 0 });
      assert.equal(await waiting(kind), 0);
      const read = [{ externalId: id, fields: [names[kind].industry] }];
      assert.equal((await tell(kind, read)).kept, 1);
      assert.equal(await runJob(kind), 'done');
    });

    test('what was deleted is gone, and back when it is restored; what nobody knows is nothing', async () => {
      const [id = ''] = await unused(kind, 1);
      const { url } = system.sandbox.twins[kind];
      const at = { as: 'rep:Nora', id, ...(kind === 'hubspot' ? { object: 'companies' } : {}) };
      const unknown = kind === 'hubspot' ? '999999999999' : '001000000000000AAA';

      await editTwin(url, { operation: kind === 'hubspot' ? 'archive' : 'delete', ...at });
      await tell(kind, [
        { externalId: id, kind: 'gone' },
        { externalId: unknown, kind: 'gone' },
      ]);
      assert.equal(await runJob(kind), 'done');
      assert.equal((await row(kind, id))?.deleted, true);
      assert.equal(await row(kind, unknown), undefined);

      await editTwin(url, { operation: kind === 'hubspot' ? 'restore' : 'undelete', ...at });
      await tell(kind, [{ externalId: id }]);
      assert.equal(await runJob(kind), 'done');
      assert.equal((await row(kind, id))?.deleted, false);
      assert.equal(await waiting(kind), 0);
    });

    test('a merge leads to the survivor', async () => {
      const [kept = '', away = ''] = await unused(kind, 2);
      const { url } = system.sandbox.twins[kind];
      const edited = await editTwin(
        url,
        kind === 'hubspot'
          ? { operation: 'merge', as: 'rep:Nora', object: 'companies', id: kept, other: away }
          : { operation: 'merge', as: 'rep:Nora', winner: kept, loser: away },
      );
      // HubSpot makes a new record of the two.
      const survivor = kind === 'hubspot' ? readId(edited) : kept;
      taken.add(survivor);
      await tell(kind, [{ externalId: away, kind: 'merged' }]);
      assert.equal(await runJob(kind), 'done');

      const gone = await row(kind, away);
      assert.deepEqual([gone?.deleted, gone?.mergedInto], [true, survivor]);
      if (kind === 'hubspot') {
        assert.equal((await row(kind, survivor))?.deleted, false);
        assert.equal((await row(kind, kept))?.mergedInto, survivor);
      }
    });

    test('a page of a sync that was read before does not bring back what it had seen', async () => {
      const [id = ''] = await unused(kind, 1);
      const first = await otherIndustry(kind, id);
      const crm = app.crmOf(connectionOf(kind));
      const call = { signal: AbortSignal.timeout(30_000) };
      const old = (await crm.readRecords(names[kind].object, [id], call)).records[0];
      assert.ok(old !== undefined);
      // Salesforce's stamps are whole seconds.
      await editTwinClock(kind, 2_000);
      await edit(kind, id, { [names[kind].industry]: first });
      await tell(kind, [{ externalId: id }]);
      assert.equal(await runJob(kind), 'done');

      await tell(kind, [{ externalId: id }]);
      assert.equal(await runJob(kind, { readRecords: async () => ({ records: [old] }) }), 'done');
      assert.equal((await row(kind, id))?.industry, first);
      assert.equal(await waiting(kind), 0);
    });
  });
}

const editTwinClock = (kind: Kind, offsetMs: number): Promise<unknown> =>
  fetch(`${system.sandbox.twins[kind].url}/_twin/clock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ offsetMs }),
  });

const readId = (answer: unknown): string => {
  const id: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'id') : undefined;
  assert.ok(typeof id === 'string');
  return id;
};

test('what is told while the record is read is looked at once more', async () => {
  const [id = ''] = await unused('hubspot', 1);
  await tell('hubspot', [{ externalId: id }]);
  const crm = app.crmOf(connectionOf('hubspot'));
  await runJob('hubspot', {
    readRecords: async (...asked) => {
      const read = await crm.readRecords(...asked);
      await tell('hubspot', [{ externalId: id }]);
      return read;
    },
  });
  assert.equal(await waiting('hubspot'), 1);
  assert.equal(await runJob('hubspot'), 'done');
  assert.equal(await waiting('hubspot'), 0);
});

test('a told record that can’t be read stays as it is and is named, also where the row does not even say which it is', async () => {
  for (const kind of ['hubspot', 'salesforce'] as const) {
    const { object } = names[kind];
    const [id = ''] = await unused(kind, 1);
    const before = await row(kind, id);
    for (const shownId of [id, '"7\\u0000"']) {
      await tell(kind, [{ externalId: id }]);
      const unreadable = [{ object, shownId, problem: 'its id is broken' }];
      assert.equal(await runJob(kind, { readRecords: async () => ({ records: [], unreadable }) }), 'done');
      assert.equal(await waiting(kind), 0);
      assert.deepEqual(await row(kind, id), before);
      const { listed } = await app.db.inWorkspace(app.workspaceId, (tx) => listUnreadable(tx, 1));
      assert.equal(listed[0]?.id, shownId);
    }
  }
});

test('while the CRM is down hints wait; when it answers again they are read', async () => {
  const [id = ''] = await unused('hubspot', 1);
  const { faults } = system.sandbox.twins.hubspot.kit;
  const wanted = await otherIndustry('hubspot', id);
  await edit('hubspot', id, { industry: wanted });
  await tell('hubspot', [{ externalId: id }]);
  faults.set({ down: true });
  for (let round = 0; round < 4; round += 1) assert.notEqual(await runJob('hubspot'), 'done');
  faults.set({ down: false });
  assert.equal(await waiting('hubspot'), 1);
  // The breaker lets a probe through after some seconds.
  await until('they are read', async () => (await runJob('hubspot')) === 'done');
  assert.equal((await row('hubspot', id))?.industry, wanted);
  assert.equal(await waiting('hubspot'), 0);
});

test('what can not be read by its id is left to a sync, at once', async () => {
  const [id = ''] = await unused('hubspot', 1);
  for (const kind of ['refused', 'unavailable'] as const) {
    troubles.length = 0;
    await forgetWish();
    await tell('hubspot', [{ externalId: id }]);
    const fail = async (): Promise<never> => {
      throw new ProviderError({ provider: 'hubspot', operation: 'batch read', kind, message: 'no' });
    };
    let rounds = 1;
    while ((await runJob('hubspot', { readRecords: fail })) !== 'done' && (await waiting('hubspot')) > 0)
      rounds += 1;
    assert.equal(await waiting('hubspot'), 0, kind);
    assert.equal(rounds, kind === 'refused' ? 1 : 5);
    assert.equal(troubles.length, 1, kind);
    assert.notEqual(await wish(), null, kind);
  }
});

test('a catch-up has got on once a batch of what it was told is stored, and not before', async () => {
  const ids = await unused('hubspot', 3);
  await tell('hubspot', ids.map((externalId) => ({ externalId }))); // prettier-ignore
  const crm = app.crmOf(connectionOf('hubspot'));
  const left: number[] = [];
  let stored = 0;
  const gotOn = (): void => {
    stored += 1;
  };
  // Two records a call: the worker dies while it reads the third.
  const dying: typeof crm.readRecords = async (...asked) => {
    left.push(stored);
    if (left.length === 2) throw new Error('killed');
    return crm.readRecords(...asked);
  };
  await assert.rejects(runJob('hubspot', { recordBatch: 2, readRecords: dying }, gotOn), /killed/);

  assert.deepEqual(left, [0, 1]);
  assert.equal(await waiting('hubspot'), 1);
  assert.equal(await runJob('hubspot'), 'done');
  assert.equal(await waiting('hubspot'), 0);
});

test('a flood is left to one sync, asked for until one that began after it is through', async () => {
  const tellings = Array.from({ length: MOST_HINTS + 1 }, (_, n) => ({ externalId: String(7_000_000 + n) }));
  await forgetWish();
  const told = await tell('hubspot', tellings);
  assert.deepEqual(told, { kept: 0, ignored: 0, leftToSync: MOST_HINTS + 1 });
  assert.equal(await waiting('hubspot'), 0);
  assert.notEqual(await wish(), null);

  const asked: string[] = [];
  const tick = createTick({
    ...app,
    queue: {
      ...app.queue,
      requestSync: async (_tx, { connectionId }) => void asked.push(connectionId),
      requestFlush: async () => undefined,
    },
    model: app.modelName,
    syncIntervalMinutes: 60,
    monthlyBudgetUsd: null,
    areKeysGood: async () => true,
  });
  await tick();
  assert.deepEqual(asked, [connectionOf('hubspot').id]);
  // HubSpot's search may not have shown yet what was told a moment ago: the sync after the next minute is the last.
  await syncAll(app);
  assert.notEqual(await wish(), null);
  await app.db.inWorkspace(app.workspaceId, (tx) =>
    tx.query(`update connections set sync_asked_at = sync_asked_at - interval '2 minutes'`),
  );
  await syncAll(app);
  assert.equal(await wish(), null);
});

const wish = async (): Promise<Date | null> =>
  (await app.db.inWorkspace(app.workspaceId, (tx) => findConnection(tx, connectionOf('hubspot').id)))
    ?.syncAskedAt ?? null;
const forgetWish = (): Promise<unknown> =>
  app.db.inWorkspace(app.workspaceId, (tx) => tx.query('update connections set sync_asked_at = null'));

test('a sync that came by a record settles what was told of it long before', async () => {
  const [seen = '', unseen = ''] = await unused('hubspot', 2);
  await tell('hubspot', [{ externalId: seen }, { externalId: unseen }]);
  await app.db.inWorkspace(app.workspaceId, (tx) =>
    tx.query(`update record_hints set told_at = told_at - interval '5 minutes'`),
  );
  await edit('hubspot', seen, { industry: await otherIndustry('hubspot', seen) });
  await syncAll(app);
  const left = await app.db.inWorkspace(app.workspaceId, (tx) =>
    tx.query<{ id: string }>('select external_id as id from record_hints'),
  );
  // No page held the other one.
  assert.deepEqual(
    left.rows.map(({ id }) => id),
    [unseen],
  );
});
