import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { SalesforceTwin } from '../../../sandbox/salesforce/twin.ts';
import type { Crm } from '../../../src/connectors/crm.ts';
import { connect, ledger } from '../../connectors/salesforce/connect.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { listFailed, openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';
import { accountId, leadId, smallWorld, startSmall } from '../../sandbox/salesforce-fixture.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

/** An org with our fields and a desk on it; `inBetween` acts after the records were read and before the nth write goes out. */
async function open(
  context: TestContext,
  inBetween: (twin: SalesforceTwin, write: number) => void = () => undefined,
): Promise<{ twin: SalesforceTwin; crm: Crm; desk: Desk; ids: string[] }> {
  const twin = await startSmall({ world: smallWorld(30) });
  context.after(() => twin.close());
  const crm = connect(twin);
  await crm.installFields(ledger());
  let writes = 0;
  const desk = await openDesk(here.db, 'salesforce', undefined, {
    ...crm,
    writeRecords: (group, options) => {
      writes += 1;
      inBetween(twin, writes);
      return crm.writeRecords(group, options);
    },
  });
  return { twin, crm, desk, ids: Array.from({ length: 30 }, (_, index) => accountId(`more-${index}`)) };
}

const flush = (desk: Desk) => desk.flush({ leaseMs: 30_000 });
const stateOf = async (desk: Desk, run: string) =>
  new Map(
    (await desk.writesOf(run)).map((write) => [
      `${write.externalId} ${write.field}`,
      `${write.state}: ${write.reason ?? ''}`,
    ]),
  );

for (const [how, desired] of [
  ['in a collection', { score: 7 }],
  ['in conditional rows', { pitch: 'Hello' }],
] as const)
  test(`an administrator's rule refuses one account and a lock holds up another, ${how}; the others are written, a person's value stays`, async (context) => {
    const locked = accountId('more-3');
    const { twin, desk, ids } = await open(context, (org, write) => {
      // Somebody else's transaction ends in the meantime.
      if (write === 3) org.edit({ operation: 'unlock', as: 'rep:Anna', id: locked });
    });
    const bare = accountId('cedar');
    const words = 'Every account needs a website: PICKLIST of owners is on the intranet.';
    const rule = { object: 'Account', name: 'Website_filled' };
    twin.edit({
      operation: 'rule',
      as: 'administrator',
      ...rule,
      field: 'Website',
      message: words,
      at: null,
    });
    twin.edit({ operation: 'lock', as: 'rep:Anna', id: locked });
    const [field, value] = 'score' in desired ? ['Fieldnote_Score__c', 99] : ['Fieldnote_Pitch__c', 'My own'];
    const typed = accountId('more-5');
    twin.edit({ as: 'rep:Anna', id: typed, fields: { [field]: value } });

    const run = await desk.plan(desired, [...ids, bare]);
    const result = await flush(desk);

    assert.deepEqual(
      [result.applied, result.rejected, result.conflicted, result.waiting],
      [29, 1, 1, 0],
      JSON.stringify([...(await stateOf(desk, run))]),
    );
    const failed = await listFailed(desk);
    assert.deepEqual(
      new Map(failed.map(({ externalId, state }) => [externalId, state])),
      new Map([
        [bare, 'rejected'],
        [typed, 'conflicted'],
      ]),
    );
    assert.equal(
      failed.find(({ externalId }) => externalId === bare)?.reason,
      `FIELD_CUSTOM_VALIDATION_EXCEPTION: ${words} Exempt the integration user from that validation rule, or correct the record.`,
    );
    assert.equal(twin.dump().records.find(({ id }) => id === typed)?.values[field], value);

    twin.edit({ operation: 'drop rule', as: 'administrator', ...rule });
    await desk.plan(desired, [...ids, bare]);
    assert.equal((await flush(desk)).applied, 1);
    assert.deepEqual((await listFailed(desk)).map(({ externalId }) => externalId), [typed]); // prettier-ignore
  });

for (const [how, desired] of [
  ['in a collection', { score: 7 }],
  ['in conditional rows', { pitch: 'Hello' }],
] as const)
  test(`an account that looks like another one is written where Salesforce only asks, and refused alone where it must not be saved, ${how}`, async (context) => {
    const { twin, desk, ids } = await open(context);
    const alike = [accountId('more-3'), accountId('more-4')];
    for (const id of alike)
      twin.edit({ as: 'rep:Anna', id, fields: { Website: 'https://company-3.example/' } });
    const rule = { object: 'Account', field: 'Website', message: 'Use one of these records?' };
    const rules = (onSave: string) =>
      twin.edit({ operation: 'duplicate rules', as: 'administrator', rules: [{ ...rule, onSave }] });

    rules('alert');
    await desk.plan(desired, ids);
    assert.equal((await flush(desk)).applied, ids.length);

    rules('block');
    const run = await desk.plan('score' in desired ? { score: 8 } : { pitch: 'Hello again' }, ids);
    const result = await flush(desk);

    assert.deepEqual([result.applied, result.rejected], [ids.length - 2, 2]);
    const refused = [...(await stateOf(desk, run))].filter(([, state]) => state.startsWith('rejected'));
    assert.deepEqual(new Set(refused.map(([key]) => key.split(' ')[0])), new Set(alike));
    for (const [, state] of refused)
      assert.match(state, /^rejected: DUPLICATES_DETECTED: Use one of these records\?\. .*duplicate rule/);
  });

test('a rule whose words stand at a field that was not sent refuses the row once, and does not send it for ever', async (context) => {
  const { twin, desk } = await open(context);
  const bare = accountId('cedar');
  twin.edit({
    operation: 'rule',
    as: 'administrator',
    object: 'Account',
    name: 'At_our_band',
    field: 'Website',
    message: 'No band without a website.',
    at: 'Fieldnote_Band__c',
  });
  const run = await desk.plan({ score: 7, why: 'Because' }, [bare]);
  twin.kit.calls.clear();

  const result = await flush(desk);

  assert.deepEqual([result.applied, result.rejected, result.waiting], [0, 2, 0]);
  assert.equal(twin.kit.calls.summary().byOperation.composite?.calls, 1);
  for (const state of (await stateOf(desk, run)).values()) assert.match(state, /No band without a website/);
});

test('a lead that is converted between our read and our write is refused with what becomes of it, also when it is met again', async (context) => {
  const lead = leadId('open');
  const { desk } = await open(context, (org, write) => {
    if (write === 1) org.edit({ operation: 'convert', as: 'rep:Anna', id: lead });
  });
  const account = accountId('more-1');
  const becomes = /the lead was converted; its account carries the fields now.*It leaves the plan with the next sync/; // prettier-ignore
  await desk.plan({ score: 8 }, [account]);
  const run = await desk.plan({ score: 7 }, [lead], { object: 'Lead' });

  const result = await flush(desk);

  assert.deepEqual([result.applied, result.rejected, result.waiting], [1, 1, 0]);
  const [state] = (await stateOf(desk, run)).values();
  assert.match(state ?? '', /^rejected: CANNOT_UPDATE_CONVERTED_LEAD: /);
  assert.match(state ?? '', becomes);
  const again = await desk.plan({ score: 7 }, [lead], { object: 'Lead' });
  assert.equal((await flush(desk)).rejected, 1);
  assert.match([...(await stateOf(desk, again)).values()].join(' '), becomes);
});

test('a record that stays locked is put off, then refused; the next run tries it again', async (context) => {
  const { twin, desk, ids } = await open(context);
  const [locked = '', ...fine] = ids;
  twin.edit({ operation: 'lock', as: 'rep:Anna', id: locked });
  const run = await desk.plan({ score: 7 }, ids);
  const first = await flush(desk);
  assert.equal(first.applied, fine.length);
  assert.ok(first.waiting === 1 && first.comeBackAt !== null);
  for (let tries = 0; tries < 10 && (await flush(desk)).waiting > 0; tries += 1) await desk.passTime();
  const state = (await stateOf(desk, run)).get(`${locked} score`) ?? '';
  assert.match(state, /^rejected: UNABLE_TO_LOCK_ROW: .*tried again with the next run\. \(tried 8 times\)/);

  twin.edit({ operation: 'unlock', as: 'rep:Anna', id: locked });
  await desk.plan({ score: 7 }, ids);
  assert.equal((await flush(desk)).applied, 1);
});
