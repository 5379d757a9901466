import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { saveEditors } from '../../../src/pipeline/store/writes-editors.ts';
import { moveUndos } from '../../../src/pipeline/store/writes-merged.ts';
import { movePutBacks } from '../../../src/pipeline/store/writes-move.ts';
import { concedeWrites } from '../../../src/pipeline/store/writes-put-back.ts';
import { saveReadBack } from '../../../src/pipeline/store/writes-read-back.ts';
import { settleWrites } from '../../../src/pipeline/store/writes-settle.ts';
import { lookFirst, meet } from '../../harness/lock-waits.ts';
import { useOneConnection } from '../../harness/one-connection.ts';
import { planRows } from '../../harness/plan-rows.ts';

const here = useOneConnection('hubspot');
// So many that PostgreSQL takes them as they lie, or as they are given. They lie in the order of their records, and are numbered as they are planned.
const RECORDS = Array.from({ length: 450 }, (_, index) => `r${String(999 - index)}`);

let companyId = '';
beforeEach(async () => {
  ({ id: companyId } = await here.inWorkspace((tx) =>
    ensureCompany(tx, here.workspaceId, { domain: 'undone.example' }),
  ));
});

/** A value for each record; answers the rows in the order of their ids. */
function plan(undoes?: readonly number[]): Promise<number[]> {
  return here.inWorkspace(async (tx) => {
    const common = {
      connectionId: here.connection.id,
      object: 'company',
      field: 'score',
      companyId,
    } as const;
    const value = undoes === undefined ? 5 : 1;
    const wanted = RECORDS.map((externalId) => ({ ...common, externalId, value }));
    return planRows(tx, here.workspaceId, wanted, undoes);
  });
}

async function land(): Promise<number[]> {
  const ids = await plan();
  await here.inWorkspace((tx) =>
    tx.query(`update writes set state = 'applied', settled_at = now() where id = any($1)`, [ids]),
  );
  return ids;
}

const midOf = (ids: readonly number[]): string =>
  `writes where id = ${ids[Math.floor(ids.length / 2)]} for update`;
const endsOf = (ids: readonly number[]): number[] => [ids[0] ?? 0, ids.at(-1) ?? 0];
const toSurvivors = (ids: readonly number[]) =>
  ids.map((id) => ({ id, attempt: 0, externalId: `survivor of ${id}` }));

/** Somebody else has to do with the first of the rows and the last of them. */
const readBack = (ids: readonly number[]): Promise<unknown> =>
  here.inWorkspace((tx) =>
    saveReadBack(tx, { found: endsOf(ids).map((id) => ({ id, value: 5, reason: null })), lost: [] }),
  );

test('what an undo has put back is noted while it is read back', async () => {
  const landed = await land();
  const undo = await plan(landed);
  // With statistics rows that are many among few are taken as they lie.
  await here.inWorkspace(async (tx) => {
    await tx.query('reset role');
    await tx.query('analyze writes');
  });

  await meet(
    here.inWorkspace,
    midOf(landed),
    () =>
      here.inWorkspace(async (tx) => {
        await lookFirst(tx);
        const settlements = undo.map((id) => ({ id, attempt: 0, state: 'applied' as const, reason: null }));
        await settleWrites(tx, 'planned', settlements.toReversed());
      }),
    () => readBack(landed),
  );
});

test('what an undo puts back follows its records into others while it is read back', async () => {
  const landed = await land();
  const undo = await plan(landed);

  await meet(
    here.inWorkspace,
    midOf(landed),
    () =>
      here.inWorkspace(async (tx) => {
        await lookFirst(tx);
        await moveUndos(tx, toSurvivors(undo.toReversed()));
      }),
    () => readBack(landed),
  );
});

test('conflicts follow their records into others while those who stand behind them are named', async () => {
  const landed = await land();
  const putBacks = await here.inWorkspace(async (tx) => {
    await concedeWrites(tx, landed.map((id) => ({ id, theirs: 1, by: null, stands: true, reason: 'They typed' }))); // prettier-ignore
    const { rows } = await tx.query<{ id: number }>(
      `select id from writes where connection_id = $1 and state = 'planned' order by id desc`,
      [here.connection.id],
    );
    return rows.map(({ id }) => id);
  });
  assert.equal(putBacks.length, landed.length);

  await meet(
    here.inWorkspace,
    midOf(landed),
    () => here.inWorkspace((tx) => movePutBacks(tx, toSurvivors(putBacks))),
    () =>
      here.inWorkspace(async (tx) => {
        await lookFirst(tx);
        await saveEditors(tx, endsOf(landed).map((id) => ({ id, userId: null, name: 'Anna', of: 'field' }))); // prettier-ignore
      }),
  );
});
