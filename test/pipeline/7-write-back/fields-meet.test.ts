import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { FieldKey } from '../../../src/connectors/crm-fields.ts';
import type { Tx } from '../../../src/db.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { releaseWrites, settleWrites } from '../../../src/pipeline/store/writes-settle.ts';
import { until } from '../../harness/browser-page.ts';
import { isWaitedFor, lookFirst, meet } from '../../harness/lock-waits.ts';
import { useOneConnection } from '../../harness/one-connection.ts';
import { findPlanned, planRows } from '../../harness/plan-rows.ts';

const here = useOneConnection('salesforce');
const FIELDS: readonly FieldKey[] = ['score', 'confidence', 'competitors'];

let companyId = '';
beforeEach(async () => {
  ({ id: companyId } = await here.inWorkspace((tx) =>
    ensureCompany(tx, here.workspaceId, { domain: 'fields.example' }),
  ));
});

/** Plans a value for each of the fields; answers the rows in the order of their ids. */
async function plan(
  tx: Tx,
  value: number,
  { fields = FIELDS, undoes }: { fields?: readonly FieldKey[]; undoes?: readonly number[] } = {},
): Promise<number[]> {
  const record = {
    connectionId: here.connection.id,
    object: 'Account',
    externalId: 'r1',
    companyId,
  } as const;
  const wanted = fields.map((field) => ({ ...record, field, value }));
  return planRows(tx, here.workspaceId, wanted, undoes);
}

const become = (ids: readonly number[], state: string): Promise<unknown> =>
  here.inWorkspace((tx) => tx.query('update writes set state = $2 where id = any($1)', [ids, state]));

/** Holds up whoever plans the second of the fields, and leaves nothing behind. */
async function holdSecond(tx: Tx, undoes?: readonly number[]): Promise<void> {
  const rest = undoes === undefined ? {} : { undoes: undoes.slice(1, 2) };
  const planned = await plan(tx, 9, { fields: FIELDS.slice(1, 2), ...rest });
  assert.equal(planned.length, 1);
  await tx.query('delete from writes where id = any($1)', [planned]);
}

const readPlanned = (): Promise<Record<string, unknown>> =>
  here.inWorkspace((tx) => findPlanned(tx, here.connection.id));
const ofEachField = (value: number) => Object.fromEntries(FIELDS.map((field) => [field, value]));

test('values that were on their way wait again while newer ones of the same fields are planned', async () => {
  const fields = FIELDS.toReversed();
  const ids = await here.inWorkspace((tx) => plan(tx, 5, { fields }));
  await become(ids, 'sending');
  const releases = ids.map((id) => ({ id, attempt: 0, delayMs: 0, failed: false }));

  await meet(
    here.inWorkspace,
    holdSecond,
    () =>
      here.inWorkspace(async (tx) => {
        await lookFirst(tx);
        await releaseWrites(tx, releases);
      }),
    () => here.inWorkspace((tx) => plan(tx, 7)),
  );

  assert.deepEqual(await readPlanned(), ofEachField(7));
});

test('what was kept behind an undo is planned again while another undo of the same fields is planned', async () => {
  const landed = await here.inWorkspace((tx) => plan(tx, 5));
  await become(landed, 'applied');
  const undo = await here.inWorkspace((tx) => plan(tx, 1, { undoes: landed }));
  await here.inWorkspace((tx) => plan(tx, 6, { fields: FIELDS.toReversed() }));
  await become(undo, 'sending');
  const settlements = undo.map((id) => ({ id, attempt: 0, state: 'skipped' as const, reason: null }));

  await meet(
    here.inWorkspace,
    (tx) => holdSecond(tx, landed),
    () =>
      here.inWorkspace(async (tx) => {
        await lookFirst(tx);
        await settleWrites(tx, 'sending', settlements);
      }),
    () => here.inWorkspace((tx) => plan(tx, 2, { undoes: landed })),
  );

  assert.deepEqual(await readPlanned(), ofEachField(2));
});

for (const { ends, settle } of [
  { ends: 'is settled', settle: 'skipped' },
  { ends: 'has put its values back', settle: 'applied' },
] as const)
  test(`what is planned in the very moment in which an undo ${ends} waits behind nothing`, async () => {
    const landed = await here.inWorkspace((tx) => plan(tx, 5));
    await become(landed, 'applied');
    const undo = await here.inWorkspace((tx) => plan(tx, 1, { undoes: landed }));
    await become(undo, 'sending');
    let planned: Promise<unknown> = Promise.resolve();

    await here.inWorkspace(async (tx) => {
      await settleWrites(tx, 'sending', undo.map((id) => ({ id, attempt: 0, state: settle, reason: null }))); // prettier-ignore
      let isThrough = false;
      planned = here.inWorkspace((other) => plan(other, 6)).finally(() => (isThrough = true));
      await until(async () => isThrough || (await isWaitedFor(tx)), 'the plan to be through, or to wait');
    });
    await planned;

    assert.deepEqual(await readPlanned(), ofEachField(6));
  });
