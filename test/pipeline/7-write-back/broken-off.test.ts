import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createFlusher } from '../../../src/pipeline/7-write-back/flush.ts';
import { planUndo } from '../../../src/pipeline/7-write-back/undo.ts';
import { nameEditors } from '../../../src/pipeline/name-editors.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { insertWrites } from '../../../src/pipeline/store/writes-insert.ts';
import { until } from '../../harness/browser-page.ts';
import { createFakeCrm } from '../../harness/fake-crm.ts';
import { isWaitedFor, lookLast } from '../../harness/lock-waits.ts';
import { useOneConnection } from '../../harness/one-connection.ts';

const here = useOneConnection('salesforce');
let runId = '';
let ids: number[] = [];
beforeEach(async () => {
  await here.inWorkspace(async (tx) => {
    const { id: companyId } = await ensureCompany(tx, here.workspaceId, { domain: 'broken-off.example' });
    ({ id: runId } = await createRun(tx, here.workspaceId, { kind: 'manual', model: 'm' }));
    const record = {
      connectionId: here.connection.id,
      object: 'Account',
      externalId: 'r1',
      companyId,
    } as const;
    await insertWrites(tx, runId, (['score', 'confidence'] as const).map((field) => ({ ...record, field, value: 5 }))); // prettier-ignore
    await tx.query(`update runs set state = 'done' where id = $1`, [runId]);
    const { rows } = await tx.query<{ id: number }>('select id from writes where run_id = $1 order by id', [
      runId,
    ]);
    ids = rows.map(({ id }) => id);
  });
});

const setState = (state: string): Promise<unknown> =>
  here.inWorkspace((tx) => tx.query('update writes set state = $2 where run_id = $1', [runId, state]));

const readStates = async (): Promise<unknown[]> => {
  const { rows } = await here.inWorkspace((tx) =>
    tx.query('select distinct state from writes where run_id = $1', [runId]),
  );
  return rows;
};

/** Somebody takes the rows against the order, and never gives way. */
async function meetInACircle(act: () => Promise<unknown>): Promise<void> {
  const [first, last] = ids;
  let acting: Promise<unknown> = Promise.resolve();
  await here.inWorkspace(async (tx) => {
    await lookLast(tx);
    await tx.query('select from writes where id = $1 for update', [last]);
    acting = act();
    acting.catch(() => undefined);
    await until(() => isWaitedFor(tx), 'the other one to come to the last row');
    await tx.query('select from writes where id = $1 for update', [first]);
  });
  await acting;
}

test('what an undo withdraws is settled, also where PostgreSQL breaks that off', async () => {
  await meetInACircle(() => planUndo(here.db, { workspaceId: here.workspaceId, runId }));

  assert.deepEqual(await readStates(), [{ state: 'cancelled' }]);
});

test('what a cancelled run had planned is settled, also where PostgreSQL breaks that off', async () => {
  await here.inWorkspace((tx) => tx.query(`update runs set state = 'cancelled' where id = $1`, [runId]));
  const opened = { crm: createFakeCrm('salesforce').crm, fieldAccess: {} };
  const flusher = createFlusher({ db: here.db, openCrm: () => Promise.resolve(opened) });
  const { signal } = new AbortController();

  await meetInACircle(() =>
    flusher.flushConnection({
      workspaceId: here.workspaceId,
      connectionId: here.connection.id,
      signal,
      mode: 'now',
    }),
  );

  assert.deepEqual(await readStates(), [{ state: 'cancelled' }]);
});

test('who stands behind conflicts is named, also where PostgreSQL breaks that off', async () => {
  await setState('conflicted');
  const crm = {
    ...createFakeCrm('salesforce').crm,
    readAuthors: () => Promise.resolve(new Map<string, string>()),
  };
  const call = { signal: new AbortController().signal };

  await meetInACircle(() => nameEditors({ db: here.db, onError: assert.fail }, crm, here.connection, call));

  const { rows } = await here.inWorkspace((tx) =>
    tx.query<{ asked: boolean }>('select distinct theirs_asked as asked from writes where run_id = $1', [
      runId,
    ]),
  );
  assert.deepEqual(rows, [{ asked: true }]);
});
