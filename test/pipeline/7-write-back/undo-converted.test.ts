import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import type { CrmObject, FieldValues } from '../../../src/connectors/crm.ts';
import { planUndo } from '../../../src/pipeline/7-write-back/undo.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { rehearseAll } from '../../harness/rehearsal.ts';
import { openTappedTwin } from '../../harness/twin-stages.ts';
import type { TappedTwin } from '../../harness/twin-stages.ts';
import { listFailed, openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';

let here: TestDatabase;
let org: TappedTwin;
before(async () => {
  here = await createTestDatabase();
  org = await openTappedTwin('salesforce');
  // The records were last changed yesterday: nothing has to wait for a second to be over.
  org.twin.kit.clock.set(-86_400_000);
});
after(async () => {
  await org.close();
  await here.close();
});

const Made = z.object({ ids: z.tuple([z.string()]) });
const Converted = z.object({ accountId: z.string() });
const map = (fields: readonly string[]): Promise<unknown> =>
  org.edit({
    as: 'administrator',
    operation: 'map lead fields',
    map: fields.map((from) => ({ from, to: { object: 'Account', field: from } })),
  });

type Scene = {
  desk: Desk;
  lead: string;
  run: string;
  /** Somebody converts the lead, into that account or a new one. Returns the account's id. */
  convert(accountId?: string): Promise<string>;
  holds(object: CrmObject, id: string): Promise<FieldValues>;
  undo(dryRun?: boolean): ReturnType<typeof planUndo>;
};

/** A lead that two runs wrote to; the last of them is to be undone. */
async function openScene(): Promise<Scene> {
  org.tap.at = () => undefined;
  const desk = await openDesk(here.db, 'salesforce', undefined, org.crm);
  const records = [{ LastName: 'Quill', Company: 'Alder Robotics' }];
  const made = await org.edit({ as: 'administrator', operation: 'create', object: 'Lead', records });
  const [lead] = Made.parse(made).ids;
  const write = async (desired: FieldValues): Promise<string> => {
    const run = await desk.plan(desired, [lead], { object: 'Lead' });
    assert.equal((await desk.flush()).applied, 2);
    return run;
  };
  await write({ score: 40, pitch: 'first' });
  const run = await write({ score: 50, pitch: 'second' });
  await desk.db.inWorkspace(desk.workspaceId, (tx) =>
    tx.query(`update runs set state = 'done' where id = $1`, [run]),
  );
  return {
    desk,
    lead,
    run,
    convert: async (accountId) =>
      Converted.parse(
        await org.edit({
          as: 'rep:Anna',
          operation: 'convert',
          id: lead,
          ...(accountId === undefined ? {} : { accountId }),
        }),
      ).accountId,
    holds: async (object, id) => {
      const [held] = await org.crm.readCurrent(object, [id], { signal: AbortSignal.timeout(5_000) });
      return { score: held?.values?.score ?? null, pitch: held?.values?.pitch ?? null };
    },
    undo: (dryRun = false) => planUndo(desk.db, { workspaceId: desk.workspaceId, runId: run, dryRun }),
  };
}

const OURS = { score: 50, pitch: 'second' };

for (const when of ['before the undo', 'while its values wait to be sent'] as const)
  test(`an undo writes nothing to a lead that was converted ${when}, and says where to look and what to do`, async () => {
    const { desk, lead, convert, holds, undo } = await openScene();
    let account = when === 'before the undo' ? await convert() : '';
    const { run, fields } = await undo();
    if (account === '') account = await convert();
    let writes = 0;
    org.tap.at = (moment, { method, path }) => {
      if (moment === 'before' && method !== 'GET' && /composite(\/sobjects)?$/.test(path)) writes += 1;
    };
    const result = await desk.flush();

    assert.deepEqual([fields, result.applied, result.rejected, result.waiting, writes], [2, 0, 2, 0, 0]);
    assert.deepEqual(await holds('Lead', lead), OURS);
    assert.deepEqual(await holds('Account', account), { score: null, pitch: null });
    const failed = (await listFailed(desk)).filter(({ runId }) => runId === run.id);
    assert.equal(failed.length, 2, 'listed with what failed');
    for (const { reason } of failed)
      assert.match(reason ?? '', new RegExp(`converted into account ${account} since, .*correct it on the account`)); // prettier-ignore
  });

test('a rehearsed undo of a converted lead says the same, and costs no write', async () => {
  const { desk, convert, undo } = await openScene();
  const account = await convert();
  const { run } = await undo(true);
  const { fields, calls } = await rehearseAll(desk, {
    workspaceId: desk.workspaceId,
    runId: run.id,
    signal: AbortSignal.timeout(20_000),
  });
  assert.deepEqual(fields.map(({ field, old, verdict }) => [field, old, verdict]), [['score', 50, 'would-reject'], ['pitch', 'second', 'would-reject']]); // prettier-ignore
  for (const { reason } of fields) assert.match(reason ?? '', new RegExp(`into account ${account} since`));
  assert.equal(calls.write, 0);
});

test('a lead that is converted between the look and the write is refused in words of an undo', async () => {
  const { desk, lead, convert, holds, undo } = await openScene();
  const { run } = await undo();
  let account = '';
  org.tap.at = async (moment, { path }) => {
    if (moment === 'before' && path.endsWith('/composite') && account === '') account = await convert();
  };
  const result = await desk.flush();

  assert.ok(account !== '');
  assert.deepEqual([result.applied, result.rejected], [0, 2]);
  assert.deepEqual(await holds('Lead', lead), OURS);
  for (const { reason } of await desk.writesOf(run.id))
    assert.match(reason ?? '', /correct it on the account/);
});

test('what a conversion copied to the account, as an administrator mapped it, stays there: whose it is nobody can tell', async () => {
  await map(['Fieldnote_Score__c', 'Fieldnote_Pitch__c']);
  const { desk, convert, holds, undo } = await openScene();
  const [existing = ''] = await org.create(1);
  await org.edit({ as: 'rep:Anna', id: existing, fields: { Fieldnote_Pitch__c: 'My own words' } });
  const account = await convert(existing);
  await map([]);
  const copied = { score: 50, pitch: 'My own words' };
  assert.deepEqual(await holds('Account', account), copied, 'blank fields alone are filled');

  await undo();
  const result = await desk.flush();

  assert.deepEqual([result.applied, result.rejected], [0, 2]);
  assert.deepEqual(await holds('Account', account), copied);
});
