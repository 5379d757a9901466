import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { SalesforceTwin } from '../../../sandbox/salesforce/twin.ts';
import type { FieldValues } from '../../../src/connectors/crm.ts';
import { changeRunState } from '../../../src/pipeline/store/runs.ts';
import { planUndo } from '../../../src/pipeline/7-write-back/undo.ts';
import { connect as connectHubspot, quiet } from '../../connectors/hubspot-connect.ts';
import { connect, ledger } from '../../connectors/salesforce/connect.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { rehearseAll } from '../../harness/rehearsal.ts';
import { listFailed, openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';
import { makeCompany, makeWorld, startPortal } from '../../sandbox/hubspot-start.ts';
import { accountId, smallWorld, startSmall } from '../../sandbox/salesforce-fixture.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const RECORDS = 30;

async function open(context: TestContext): Promise<{ twin: SalesforceTwin; desk: Desk; ids: string[] }> {
  const twin = await startSmall({ world: smallWorld(RECORDS) });
  context.after(() => twin.close());
  const crm = connect(twin);
  await crm.installFields(ledger());
  const desk = await openDesk(here.db, 'salesforce', undefined, crm);
  return { twin, desk, ids: Array.from({ length: RECORDS }, (_, index) => accountId(`more-${index}`)) };
}

const alter = { operation: 'alter field', as: 'administrator', object: 'Account' } as const;
const flush = (desk: Desk) => desk.flush({ leaseMs: 30_000 });
const rehearse = (desk: Desk, runId: string) =>
  rehearseAll(desk, { workspaceId: desk.workspaceId, runId, signal: AbortSignal.timeout(20_000) });
const countBy = <T>(items: readonly T[], key: (item: T) => string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(items, key)].map(([name, group]) => [name, group.length]));
const stateOf = async (desk: Desk, run: string) =>
  new Map(
    (await desk.writesOf(run)).map((write) => [
      `${write.externalId} ${write.field}`,
      `${write.state}: ${write.reason ?? ''}`,
    ]),
  );

test('where an administrator made our field shorter and took a band away, these values alone are refused, each in its own words', async (context) => {
  const { twin, desk, ids } = await open(context);
  const [unfit = '', fine = ''] = ids;
  twin.edit({ ...alter, field: 'Fieldnote_Why__c', length: 300 });
  twin.edit({ ...alter, field: 'Fieldnote_Band__c', values: ['A', 'B', 'C'] });
  const values: FieldValues = { score: 7, why: 'Reason. '.repeat(60), band: 'D', pitch: 'Hello' };
  const { fields } = await rehearse(desk, await desk.plan(values, [unfit], { dryRun: true }));
  const run = await desk.plan(values, [unfit]);
  const other = await desk.plan({ ...values, why: 'Short', band: 'A' }, [fine]);
  twin.kit.calls.clear();

  const result = await flush(desk);

  assert.deepEqual([result.applied, result.rejected, result.waiting], [6, 2, 0]);
  assert.equal(twin.kit.calls.summary().byOperation.composite?.calls, 1);
  assert.deepEqual(
    new Map(fields.map(({ field, verdict }) => [field, verdict])),
    new Map(Object.entries({ score: 'would-apply', band: 'would-reject', why: 'would-reject', pitch: 'would-apply' })), // prettier-ignore
  );
  const states = await stateOf(desk, run);
  assert.match(states.get(`${unfit} why`) ?? '', /^rejected: STRING_TOO_LONG: Fieldnote Why: data value too large.*max length=300\)\. Widen the field/s); // prettier-ignore
  assert.match(
    states.get(`${unfit} band`) ?? '',
    /^rejected: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: .*: D\. Add the missing value/,
  );
  assert.deepEqual([states.get(`${unfit} score`), states.get(`${unfit} pitch`)], ['applied: ', 'applied: ']);
  assert.deepEqual([...new Set((await stateOf(desk, other)).values())], ['applied: ']);
  assert.deepEqual((await listFailed(desk)).map((write) => write.field).toSorted(), ['band', 'why']);

  twin.edit({ ...alter, field: 'Fieldnote_Why__c', length: 4000 });
  twin.edit({ ...alter, field: 'Fieldnote_Band__c', values: ['A', 'B', 'C', 'D', 'Not enough evidence'] });
  // This process would look again after half a minute.
  const { fieldAccess, policies } = desk;
  desk.openCrm = () => Promise.resolve({ crm: connect(twin), fieldAccess, policies });
  await desk.plan(values, [unfit]);
  assert.equal((await flush(desk)).applied, 2);
  assert.deepEqual(await listFailed(desk), []);
});

test('where an administrator gave our fields other types, the rehearsal says so, these values alone are refused, and all others are written', async (context) => {
  const { twin, desk, ids } = await open(context);
  twin.edit({ ...alter, field: 'Fieldnote_Score__c', type: 'string', length: 255 });
  twin.edit({ ...alter, field: 'Fieldnote_Scored_At__c', type: 'date' });
  twin.edit({ ...alter, field: 'Fieldnote_Model__c', type: 'textarea' });
  twin.edit({ ...alter, field: 'Fieldnote_Pitch__c', rich: true });
  const values: FieldValues = {
    score: 7,
    why: 'Because',
    model: 'm',
    pitch: 'R & D\nand more',
    scoredAt: '2026-11-29T08:00:00.000Z',
  };
  const { fields, calls } = await rehearse(desk, await desk.plan(values, ids, { dryRun: true }));
  const run = await desk.plan(values, ids);

  const result = await flush(desk);

  assert.deepEqual([result.applied, result.rejected, result.waiting], [2 * RECORDS, 3 * RECORDS, 0]);
  assert.deepEqual(
    countBy(fields, ({ field, verdict }) => `${field} ${verdict}`),
    {
      'score would-reject': RECORDS,
      'pitch would-reject': RECORDS,
      'why would-apply': RECORDS,
      'model would-apply': RECORDS,
      'scoredAt would-reject': RECORDS,
    },
  );
  assert.equal(result.calls.write, calls.write);
  const told = (await stateOf(desk, run)).get(`${ids[0]} score`);
  assert.match(
    told ?? '',
    /^rejected: .*Fieldnote Score is string, must be double\. Give the field the type that Fieldnote's setup gives it/,
  );
  assert.equal(`rejected: ${fields.find(({ field }) => field === 'score')?.reason}`, told);
});

test('what an undo puts back into a field of another type is refused alone, and emptying it is not', async (context) => {
  const { twin, desk, ids } = await open(context);
  const [id = '', other = ''] = ids;
  await desk.plan({ score: 5, why: 'Old' }, [id]);
  await flush(desk);
  const run = await desk.plan({ score: 7, why: 'Because' }, [id, other]);
  await flush(desk);
  await desk.db.inWorkspace(desk.workspaceId, (tx) => changeRunState(tx, run, 'done'));
  twin.edit({ ...alter, field: 'Fieldnote_Score__c', type: 'string', length: 255 });

  const { fieldAccess, policies } = desk;
  desk.openCrm = () => Promise.resolve({ crm: connect(twin), fieldAccess, policies });
  await planUndo(desk.db, { workspaceId: desk.workspaceId, runId: run });
  const result = await flush(desk);

  assert.deepEqual([result.applied, result.rejected, result.conflicted, result.waiting], [3, 1, 0, 0]);
  const { values = {} } = twin.dump().records.find((record) => record.id === other) ?? {};
  assert.deepEqual([values.Fieldnote_Score__c ?? null, values.Fieldnote_Why__c ?? null], [null, null]);
});

test('HubSpot: values that changed properties can’t take are refused before they are sent, so that they cost no calls and hold up no others', async (context) => {
  const companies = Array.from({ length: RECORDS }, (_, place) => makeCompany(place + 1));
  const portal = await startPortal(context, { world: makeWorld(companies) });
  await connectHubspot(portal).installFields(quiet());
  const path = '/crm/properties/2026-09/companies';
  const label = { label: 'Changed', groupName: 'fieldnote' };
  const options = [{ label: 'A', value: 'A', displayOrder: 0, hidden: false }];
  for (const changed of [
    { ...label, name: 'fieldnote_band', type: 'enumeration', fieldType: 'select', options },
    { ...label, name: 'fieldnote_model', type: 'number', fieldType: 'number' },
    { ...label, name: 'fieldnote_score', type: 'string', fieldType: 'text' },
  ]) {
    await portal.call('DELETE', `${path}/${changed.name}`);
    assert.equal((await portal.call('POST', path, changed)).status, 201);
  }
  const desk = await openDesk(here.db, 'hubspot', undefined, connectHubspot(portal));
  const ids = companies.map(({ id }) => id);
  const values: FieldValues = { score: 7, band: 'D', model: 'm', why: 'Because' };
  const { fields } = await rehearse(desk, await desk.plan(values, ids, { dryRun: true }));
  const run = await desk.plan(values, ids);
  portal.twin.kit.calls.clear();

  const result = await flush(desk);

  assert.deepEqual([result.applied, result.rejected, result.waiting], [2 * RECORDS, 2 * RECORDS, 0]);
  assert.equal(portal.twin.kit.calls.summary().byOperation['batch update']?.calls, 1);
  assert.deepEqual(
    countBy(fields, ({ field, verdict }) => `${field} ${verdict}`),
    {
      'score would-apply': RECORDS,
      'band would-reject': RECORDS,
      'model would-reject': RECORDS,
      'why would-apply': RECORDS,
    },
  );
  const states = await stateOf(desk, run);
  assert.match(states.get(`${ids[0]} band`) ?? '', /^rejected: INVALID_OPTION: D was not one of the allowed options: \[A\]\. Add the missing value/); // prettier-ignore
  assert.match(states.get(`${ids[0]} model`) ?? '', /^rejected: WRONG_TYPE: .* is number, must be string\. Give the field the type/); // prettier-ignore
});
