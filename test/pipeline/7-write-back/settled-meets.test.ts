import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { FieldKey } from '../../../src/connectors/crm-fields.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { saveEditors } from '../../../src/pipeline/store/writes-editors.ts';
import { insertWrites } from '../../../src/pipeline/store/writes-insert.ts';
import { saveReadBack } from '../../../src/pipeline/store/writes-read-back.ts';
import { closeConflicts } from '../../../src/pipeline/store/writes-settle.ts';
import { meet } from '../../harness/lock-waits.ts';
import { useOneConnection } from '../../harness/one-connection.ts';

const here = useOneConnection('hubspot');
const FIELDS: readonly FieldKey[] = ['score', 'confidence', 'competitors'];
let companyId = '';
beforeEach(async () => {
  ({ id: companyId } = await here.inWorkspace((tx) =>
    ensureCompany(tx, here.workspaceId, { domain: 'settled.example' }),
  ));
});

/** Writes of so many records; answers the ids of their rows, in order. */
function settle(state: 'applied' | 'conflicted', records: number): Promise<number[]> {
  return here.inWorkspace(async (tx) => {
    const run = await createRun(tx, here.workspaceId, { kind: 'manual', model: 'm' });
    const wanted = Array.from({ length: records }, (_, index) => {
      const record = { connectionId: here.connection.id, object: 'company', externalId: `r${index}`, companyId } as const; // prettier-ignore
      return FIELDS.map((field) => ({ ...record, field, value: 5 }));
    });
    await insertWrites(tx, run.id, wanted.flat());
    const { rows } = await tx.query<{ id: number }>(
      'update writes set state = $2, settled_at = now() where run_id = $1 returning id',
      [run.id, state],
    );
    return rows.map(({ id }) => id).toSorted((one, other) => one - other);
  });
}

const states = async (): Promise<Record<string, number>> => {
  const { rows } = await here.inWorkspace((tx) =>
    tx.query<{ state: string; n: number }>(
      'select state, count(*) as n from writes where connection_id = $1 group by state order by state',
      [here.connection.id],
    ),
  );
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
};

test('two flushers read the same values back at once, and are told otherwise of each', async () => {
  const [first = 0, second = 0, third = 0] = await settle('applied', 1);
  const lost = (id: number) => ({
    id,
    theirs: 1,
    by: null,
    stands: true,
    reason: 'They typed',
    fellOn: 'r0',
  });
  const found = (id: number) => ({ id, value: 5, reason: null });

  await meet(
    here.inWorkspace,
    `writes where id = ${third} for update`,
    () =>
      here.inWorkspace((tx) => saveReadBack(tx, { found: [first, third].map(found), lost: [lost(second)] })),
    () => here.inWorkspace((tx) => saveReadBack(tx, { found: [found(second)], lost: [lost(first)] })),
  );

  assert.deepEqual(await states(), { applied: 1, conflicted: 2, planned: 2 });
});

test('conflicts are closed while those who stand behind them are named', async () => {
  // So many that PostgreSQL takes them in the order in which they are given.
  const ids = await settle('conflicted', 150);
  const [first = 0, last = 0] = [ids[0], ids.at(-1)];
  const editors = ids.map((id) => ({ id, userId: null, name: 'Anna', of: 'field' as const }));

  await meet(
    here.inWorkspace,
    `writes where id = ${ids[225]} for update`,
    () => here.inWorkspace((tx) => saveEditors(tx, editors.toReversed())),
    () => here.inWorkspace((tx) => closeConflicts(tx, [first, last])),
  );

  assert.deepEqual(await states(), { cancelled: 2, conflicted: ids.length - 2 });
});
