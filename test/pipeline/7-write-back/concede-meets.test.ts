import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldKey } from '../../../src/connectors/crm-fields.ts';
import type { Tx } from '../../../src/db.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { insertWrites } from '../../../src/pipeline/store/writes-insert.ts';
import { renewLeases } from '../../../src/pipeline/store/writes-outbox.ts';
import { concedeWrites } from '../../../src/pipeline/store/writes-put-back.ts';
import { meet } from '../../harness/lock-waits.ts';
import { useOneConnection } from '../../harness/one-connection.ts';

const here = useOneConnection('salesforce');
const RECORDS = ['r1', 'r2', 'r3'];

test('people win several races at once while a flusher has newer values of the same records in its hands', async () => {
  const { id: companyId } = await here.inWorkspace((tx) =>
    ensureCompany(tx, here.workspaceId, { domain: 'race.example' }),
  );
  const plan = (value: number): Promise<number[]> =>
    here.inWorkspace(async (tx) => {
      const run = await createRun(tx, here.workspaceId, { kind: 'manual', model: 'm' });
      const common = { connectionId: here.connection.id, object: 'Account', field: 'score', value, companyId } as const; // prettier-ignore
      await insertWrites(tx, run.id, RECORDS.map((externalId) => ({ ...common, externalId }))); // prettier-ignore
      const { rows } = await tx.query<{ id: number }>('select id from writes where run_id = $1 order by id', [run.id]); // prettier-ignore
      return rows.map(({ id }) => id);
    });
  const landed = await plan(5);
  await here.inWorkspace((tx) =>
    tx.query(`update writes set state = 'applied', settled_at = now() where id = any($1)`, [landed]),
  );
  const newer = await plan(6);
  // Of a plan that takes long the last rows are numbered behind those of plans that began after it.
  await here.inWorkspace((tx) =>
    tx.query(`update writes set planned_at = now() - make_interval(secs => id) where id = any($1)`, [newer]),
  );
  const lost = landed.map((id) => ({ id, theirs: 1, by: null, stands: true, reason: 'They typed as well' }));
  const [first, second, third] = newer;

  await meet(
    here.inWorkspace,
    `writes where id = ${second} for update`,
    () => here.inWorkspace((tx) => concedeWrites(tx, lost)),
    () =>
      here.inWorkspace((tx) =>
        renewLeases(tx, [first, third].flatMap((id) => (id === undefined ? [] : { id, attempt: 0 })), 1_000),
      ), // prettier-ignore
  );

  const { rows } = await here.inWorkspace((tx) =>
    tx.query<{ state: string }>('select state from writes where connection_id = $1 order by id', [
      here.connection.id,
    ]),
  );
  assert.deepEqual(
    rows.map(({ state }) => state),
    ['conflicted', 'cancelled', 'planned'].flatMap((state) => RECORDS.map(() => state)),
  );
});

test('people win several races at once while the same fields of the record are planned anew', async () => {
  const { id: companyId } = await here.inWorkspace((tx) =>
    ensureCompany(tx, here.workspaceId, { domain: 'fields.example' }),
  );
  const plan = async (tx: Tx, value: number, fields: readonly FieldKey[]): Promise<void> => {
    const run = await createRun(tx, here.workspaceId, { kind: 'manual', model: 'm' });
    const record = { connectionId: here.connection.id, object: 'Account', externalId: 'r1' } as const;
    await insertWrites(tx, run.id, fields.map((field) => ({ ...record, field, value, companyId }))); // prettier-ignore
  };
  const fields: FieldKey[] = ['score', 'confidence', 'competitors'];
  const { rows: landed } = await here.inWorkspace(async (tx) => {
    await plan(tx, 5, fields);
    return tx.query<{ id: number }>(
      `update writes set state = 'applied', settled_at = now() where connection_id = $1 returning id`,
      [here.connection.id],
    );
  });
  const lost = landed.map(({ id }) => ({
    id,
    theirs: 1,
    by: null,
    stands: true,
    reason: 'They typed as well',
  }));

  await meet(
    here.inWorkspace,
    (tx) => plan(tx, 7, ['confidence']),
    () => here.inWorkspace((tx) => concedeWrites(tx, lost)),
    () => here.inWorkspace((tx) => plan(tx, 6, fields)),
  );

  const { rows } = await here.inWorkspace((tx) =>
    tx.query(
      `select field, new_value as value from writes where connection_id = $1 and state = 'planned' order by field`,
      [here.connection.id],
    ),
  );
  assert.deepEqual(rows, fields.toSorted().map((field) => ({ field, value: 1 }))); // prettier-ignore
});
