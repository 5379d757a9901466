import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { FieldKey } from '../../../src/connectors/crm-fields.ts';
import type { Tx } from '../../../src/db.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { moveUndos } from '../../../src/pipeline/store/writes-merged.ts';
import { movePutBacks } from '../../../src/pipeline/store/writes-move.ts';
import { lockRows } from '../../../src/pipeline/store/writes-outbox.ts';
import { concedeWrites } from '../../../src/pipeline/store/writes-put-back.ts';
import { settleWrites } from '../../../src/pipeline/store/writes-settle.ts';
import { lookFirst, meet } from '../../harness/lock-waits.ts';
import { useOneConnection } from '../../harness/one-connection.ts';
import { planRows } from '../../harness/plan-rows.ts';

const here = useOneConnection('hubspot');
const FIELDS: readonly FieldKey[] = ['score', 'confidence', 'competitors'];

let companyId = '';
beforeEach(async () => {
  ({ id: companyId } = await here.inWorkspace((tx) =>
    ensureCompany(tx, here.workspaceId, { domain: 'merged.example' }),
  ));
});

type Planned = { undoes?: readonly number[]; value?: number; fields?: readonly FieldKey[] };

/** Plans a value for each field of a record; answers the rows in the order of their ids. */
async function planIn(
  tx: Tx,
  externalId: string,
  { undoes, value = 5, fields = FIELDS }: Planned = {},
): Promise<number[]> {
  const record = { connectionId: here.connection.id, object: 'company', externalId, companyId } as const;
  const wanted = fields.map((field) => ({ ...record, field, value }));
  return planRows(tx, here.workspaceId, wanted, undoes);
}

const plan = (externalId: string, planned: Planned = {}): Promise<number[]> =>
  here.inWorkspace((tx) => planIn(tx, externalId, planned));

async function apply(ids: readonly number[]): Promise<void> {
  await here.inWorkspace((tx) =>
    tx.query(`update writes set state = 'applied', settled_at = now() where id = any($1)`, [ids]),
  );
}

const planned = async (externalId: string): Promise<{ field: string; value: unknown }[]> => {
  const { rows } = await here.inWorkspace((tx) =>
    tx.query<{ field: string; value: unknown }>(
      `select field, new_value as value from writes where connection_id = $1 and external_id = $2 and state = 'planned' order by field`,
      [here.connection.id, externalId],
    ),
  );
  return rows;
};
const ofEachField = (value: number): { field: string; value: number }[] =>
  FIELDS.toSorted().map((field) => ({ field, value }));

/** What is to go back into "gone", of which the fields were lost one after the other; in the order of their fields. */
async function planPutBacks(lostInOrder = FIELDS): Promise<number[]> {
  const landed = await plan('gone', { fields: lostInOrder });
  await apply(landed);
  for (const id of landed)
    await here.inWorkspace((tx) =>
      concedeWrites(tx, [{ id, theirs: 1, by: null, stands: true, reason: 'They typed as well' }]),
    );
  return listPlanned('gone');
}

/** Undoes what was written to "gone"; in the order of the fields. */
async function planUndos(fields = FIELDS): Promise<number[]> {
  const landed = await plan('gone', { fields });
  await apply(landed);
  await plan('gone', { undoes: landed, fields, value: 1 });
  return listPlanned('gone');
}

async function listPlanned(externalId: string): Promise<number[]> {
  const { rows } = await here.inWorkspace((tx) =>
    tx.query<{ id: number }>(
      `select id from writes where connection_id = $1 and state = 'planned' and external_id = $3 order by array_position($2, field)`,
      [here.connection.id, FIELDS, externalId],
    ),
  );
  return rows.map(({ id }) => id);
}

const toSurvivor = (ids: readonly number[]) => ids.map((id) => ({ id, attempt: 0, externalId: 'there' }));

for (const { what, planTheirs, move } of [
  { what: 'people’s values', planTheirs: planPutBacks, move: movePutBacks },
  { what: 'the values of an undo', planTheirs: planUndos, move: moveUndos },
] as const) {
  test(`${what} follow their record into another one while somebody else takes all that waits in their hands`, async () => {
    const there = await plan('there');
    const ours = await planTheirs();

    await meet(
      here.inWorkspace,
      `writes where id = ${there[1]} for update`,
      () => here.inWorkspace((tx) => lockRows(tx, [...there, ...ours])),
      () => here.inWorkspace((tx) => move(tx, toSurvivor(ours))),
    );

    assert.deepEqual(await planned('there'), ofEachField(1));
  });
}

for (const { what, planTheirs, move } of [
  { what: 'people’s values', planTheirs: planPutBacks, move: movePutBacks },
  { what: 'the values of an undo', planTheirs: planUndos, move: moveUndos },
] as const)
  test(`${what} follow their record into another one while the same fields are planned there`, async () => {
    const ours = await planTheirs(FIELDS.toReversed());

    await meet(
      here.inWorkspace,
      async (tx) => {
        // Holds up whoever plans the second field, and leaves nothing behind.
        await planIn(tx, 'there', { fields: FIELDS.slice(1, 2), value: 9 });
        await tx.query(`delete from writes where external_id = 'there'`);
      },
      () =>
        here.inWorkspace(async (tx) => {
          await lookFirst(tx);
          await move(tx, toSurvivor(ours.toReversed()));
        }),
      () => plan('there', { value: 7 }),
    );

    assert.deepEqual(await planned('there'), ofEachField(1));
  });

test('of an undo two values follow their record and one is settled while somebody else takes them in their hands', async () => {
  const [first = 0, second = 0, third = 0] = await planUndos();

  await meet(
    here.inWorkspace,
    `writes where id = ${third} for update`,
    () =>
      here.inWorkspace(async (tx) => {
        const settlements = [{ id: first, attempt: 0, state: 'skipped', reason: null }] as const;
        await moveUndos(tx, toSurvivor([second, third]), settlements);
        await settleWrites(tx, 'planned', settlements);
      }),
    () => here.inWorkspace((tx) => lockRows(tx, [first, second])),
  );

  assert.deepEqual(await planned('there'), ofEachField(1).filter(({ field }) => field !== 'score')); // prettier-ignore
  assert.deepEqual(await planned('gone'), []);
});
