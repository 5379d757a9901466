import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { planUndo } from '../../../src/pipeline/7-write-back/undo.ts';
import { findConnection } from '../../../src/pipeline/store/connections.ts';
import { connect as connectSalesforce, ledger } from '../../connectors/salesforce/connect.ts';
import { connect as connectHubspot, oneAttempt, quiet } from '../../connectors/hubspot-connect.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { openDesk } from '../../harness/write-back.ts';
import { accountId, smallWorld, startSmall } from '../../sandbox/salesforce-fixture.ts';
import { makeCompany, makeWorld, startPortal } from '../../sandbox/hubspot-start.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const VALUES = { score: 71.239, band: 'B', why: 'Trains models.\r\n', pitch: 'Hello' };

test('Salesforce: 60 accounts take three conditional calls, a rep’s edit in between stands, an undo restores', async (context) => {
  const twin = await startSmall({ world: smallWorld(60) });
  context.after(() => twin.close());
  const ids = Array.from({ length: 60 }, (_, index) => accountId(`more-${index}`));
  let racing = false;
  const crm = connectSalesforce(twin, {
    fetch: (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      if (racing && url.endsWith('/composite')) {
        racing = false;
        twin.edit({ as: 'rep:Anna', id: ids[7], fields: { Fieldnote_Pitch__c: 'My own words' } });
      }
      return fetch(input, init);
    },
  });
  await crm.installFields(ledger());
  const desk = await openDesk(here.db, 'salesforce', undefined, crm);
  const find = (id: string | undefined) => twin.dump().records.find((record) => record.id === id);

  await desk.plan(VALUES, ids);
  const first = await desk.flush({ leaseMs: 30_000 });
  assert.deepEqual([first.applied, first.calls.write, first.minimumWriteCalls], [240, 3, 3]);
  assert.equal(find(ids[0])?.values.Fieldnote_Score__c, 71.24);

  racing = true;
  const run = await desk.plan({ ...VALUES, pitch: 'Newer', score: 80 }, ids);
  const second = await desk.flush({ leaseMs: 30_000 });
  assert.deepEqual([second.applied, second.conflicted, second.waiting], [119, 1, 0]);
  assert.equal(find(ids[7])?.values.Fieldnote_Pitch__c, 'My own words');
  assert.equal(find(ids[7])?.values.Fieldnote_Score__c, 80);

  await desk.db.inWorkspace(desk.workspaceId, (tx) => tx.query(`update runs set state = 'done'`));
  await planUndo(desk.db, { workspaceId: desk.workspaceId, runId: run });
  const undone = await desk.flush({ leaseMs: 30_000 });
  assert.equal(undone.applied, 119);
  assert.equal(find(ids[7])?.values.Fieldnote_Pitch__c, 'My own words');
  assert.equal(find(ids[8])?.values.Fieldnote_Pitch__c, 'Hello');
  assert.equal(find(ids[8])?.values.Fieldnote_Score__c, 71.24);
});

test('Salesforce: a field that an administrator has opened to people is written on a condition a quarter of an hour later', async (context) => {
  const twin = await startSmall();
  context.after(() => twin.close());
  const id = accountId('alder');
  const crm = connectSalesforce(twin, {
    fetch: async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      if (editing && url.endsWith('/composite')) {
        editing = false;
        twin.edit({ as: 'rep:Anna', id, fields: { Fieldnote_Score__c: 12 } });
      }
      return fetch(input, init);
    },
  });
  let editing = false;
  await crm.installFields(ledger());
  const desk = await openDesk(here.db, 'salesforce', undefined, crm);
  await desk.plan({ score: 61 }, [id]);
  await desk.flush({ leaseMs: 30_000 });
  const group = { name: 'Revenue', sets: ['Fieldnote_Integration'], to: ['integration', 'rep:Anna'] };
  twin.edit({ operation: 'group permission sets', as: 'administrator', ...group });
  desk.accessAgeMs = 15 * 60_000;
  editing = true;
  await desk.plan({ score: 62 }, [id]);

  const result = await desk.flush({ leaseMs: 30_000 });

  const score = twin.dump().records.find((record) => record.id === id)?.values.Fieldnote_Score__c;
  assert.deepEqual([score, result.applied, result.conflicted], [12, 0, 1]);
  const known = await here.db.inWorkspace(desk.workspaceId, (tx) => findConnection(tx, desk.connectionId));
  assert.ok(known?.fieldAccess.Account?.includes('score'));
  assert.ok((known?.accessAgeMs ?? Infinity) < 15 * 60_000);
});

test('Salesforce: a connection that breaks after the org has saved leads to no second save', async (context) => {
  const twin = await startSmall();
  context.after(() => twin.close());
  const id = accountId('alder');
  let breaks = true;
  const crm = connectSalesforce(twin, {
    fetch: async (input, init) => {
      const answer = await fetch(input, init);
      if (!breaks || !(input instanceof Request ? input.url : String(input)).endsWith('/composite'))
        return answer;
      breaks = false;
      throw new TypeError('fetch failed', {
        cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
      });
    },
  });
  await crm.installFields(ledger());
  const desk = await openDesk(here.db, 'salesforce', undefined, crm);
  await desk.plan(VALUES, [id]);

  const result = await desk.flush({ leaseMs: 30_000 });

  assert.deepEqual([result.applied, result.waiting], [4, 0]);
  const record = twin.dump().records.find((one) => one.id === id);
  assert.equal(record?.history.filter((change) => change.field === 'Fieldnote_Score__c').length, 1);
  assert.equal(record?.updates.integration, 1);
});

test('Salesforce: a person who edits twice within a second wins, also where our own clock is an hour ahead', async (context) => {
  const twin = await startSmall();
  context.after(() => twin.close());
  const id = accountId('alder');
  const edit = (pitch: string): unknown =>
    twin.edit({ as: 'rep:Anna', id, fields: { Fieldnote_Pitch__c: pitch } });
  let edits = 0;
  const crm = connectSalesforce(twin, {
    fetch: async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      const isRead = url.endsWith('/composite/sobjects/Account');
      if (isRead && edits === 0) {
        // The org's second begins now.
        twin.kit.clock.set(-3_600_000 - (Date.now() % 1_000));
        edit('');
      }
      const answer = await fetch(input, init);
      if (isRead && edits === 0) edit('Typed in the same second');
      if (isRead) edits += 1;
      return answer;
    },
  });
  await crm.installFields(ledger());
  const desk = await openDesk(here.db, 'salesforce', undefined, crm);
  await desk.plan(VALUES, [id]);

  const result = await desk.flush({ leaseMs: 30_000 });

  assert.equal(
    twin.dump().records.find((record) => record.id === id)?.values.Fieldnote_Pitch__c,
    'Typed in the same second',
  );
  assert.equal(result.conflicted, 1);
});

// More than our own field would hold; HubSpot's text properties hold 65,536.
const LONG = 'My own words, at length. '.repeat(600).trim();

test('HubSpot: a rep’s edit between our reading and our writing is put back from the history, whatever its length', async (context) => {
  const portal = await startPortal(context, { world: makeWorld([makeCompany(1), makeCompany(2)]) });
  const crm = connectHubspot(portal, oneAttempt());
  await crm.installFields(quiet());
  const [first, second] = [makeCompany(1).id, makeCompany(2).id];
  let racing = false;
  const desk = await openDesk(here.db, 'hubspot', undefined, {
    ...crm,
    writeRecords: async (group, options) => {
      if (racing) {
        racing = false;
        await portal.edit({
          as: 'rep:Anna',
          operation: 'update',
          object: 'companies',
          id: first,
          properties: { fieldnote_pitch: LONG },
        });
      }
      return crm.writeRecords(group, options);
    },
  });
  await desk.plan(VALUES, [first, second]);
  await desk.flush({ leaseMs: 30_000 });
  racing = true;
  await desk.plan({ ...VALUES, pitch: 'Newer' }, [first, second]);

  const result = await desk.flush({ leaseMs: 30_000 });

  // One is ours, the other puts theirs back.
  assert.deepEqual([result.applied, result.conflicted, result.waiting], [2, 1, 0]);
  const current = await crm.readCurrent('company', [first, second], quiet());
  assert.deepEqual(
    current.map((record) => record.values?.pitch),
    [LONG, 'Newer'],
  );
});
