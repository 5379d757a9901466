import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Tx } from '../../src/db.ts';
import { ProviderError } from '../../src/errors.ts';
import { hintGone } from '../../src/pipeline/7-write-back/hint-gone.ts';
import { readUsers } from '../../src/pipeline/read-users.ts';
import { replaceUsers } from '../../src/pipeline/store/crm-users.ts';
import { saveHints } from '../../src/pipeline/store/record-hints.ts';
import { retireConnection } from '../../src/pipeline/store/remove-connection.ts';
import { releaseAndSettle } from '../../src/pipeline/store/writes-settle.ts';
import { createFakeCrm } from '../harness/fake-crm.ts';
import { lookFirst, meet } from '../harness/lock-waits.ts';
import { useOneConnection } from '../harness/one-connection.ts';
import { openDesk } from '../harness/write-back.ts';
import type { Desk } from '../harness/write-back.ts';

const here = useOneConnection('salesforce');
let desk: Desk;
let inWorkspace: <T>(act: (tx: Tx) => Promise<T>) => Promise<T>;
beforeEach(async () => {
  desk = await openDesk(here.db, 'salesforce');
  inWorkspace = (act) => here.db.inWorkspace(desk.workspaceId, act);
});

const remove = (): Promise<number> =>
  inWorkspace(async (tx) => {
    await lookFirst(tx);
    return retireConnection(tx, { workspaceId: desk.workspaceId, id: desk.connectionId });
  });
const hint = (): Promise<void> =>
  inWorkspace((tx) => saveHints(tx, desk, [{ object: 'Account', externalId: 'told', kind: 'changed' }]));
const states = async (run: string) => (await desk.writesOf(run)).map(({ state }) => state);

test('a connection is removed while it is stored who owns its records', async () => {
  await hint();
  await inWorkspace(async (tx) => {
    await replaceUsers(tx, desk, [{ externalId: '005', name: 'Anna', email: 'anna@seller.example' }]);
    await tx.query(
      `insert into records (workspace_id, connection_id, object, external_id, owner_id, modified_at, row_hash)
       values ($1, $2, 'Account', 'owned', '005', now(), '')`,
      [desk.workspaceId, desk.connectionId],
    );
  });
  const { crm } = createFakeCrm('salesforce');
  const users = { ...crm, readUsers: () => Promise.resolve([]) };
  const connection = { ...here.connection, id: desk.connectionId, workspaceId: desk.workspaceId };
  const call = { signal: new AbortController().signal };

  await meet(inWorkspace, `record_hints where external_id = 'told' for update`, remove, () =>
    readUsers({ db: here.db, onError: assert.fail }, users, connection, call),
  );
});

test('a connection is removed while a call that broke after too long leaves values on their way', async () => {
  await hint();
  desk.fake.add('Account', 'r0');
  const run = await desk.plan({ score: 1 }, ['r0']);
  const [under, broken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  desk.fake.at = async (moment) => {
    if (moment !== 'after-write') return;
    under.resolve();
    await broken.promise;
    throw new ProviderError({ provider: 'salesforce', operation: 'write', kind: 'unavailable', message: 'no answer', maybeApplied: true }); // prettier-ignore
  };
  const flushed = desk.flush({ slowMs: 0 });
  await under.promise;

  await meet(inWorkspace, `record_hints where external_id = 'told' for update`, remove, () => {
    broken.resolve();
    return flushed;
  });

  assert.deepEqual(await states(run), ['rejected']);
});

test('a connection is removed while a flusher settles the value of a record that is gone', async () => {
  await hint();
  await inWorkspace((tx) =>
    replaceUsers(tx, desk, [{ externalId: '005', name: 'Anna', email: 'anna@seller.example' }]),
  );
  const run = await desk.plan({ score: 1 }, ['told']);
  const id = (await desk.writesOf(run))[0]?.id ?? 0;

  await meet(inWorkspace, `crm_users where external_id = '005' for update`, remove, () =>
    inWorkspace(async (tx) => {
      const settlements = [{ id, attempt: 0, state: 'rejected', reason: 'gone' }] as const;
      await releaseAndSettle(tx, 'planned', { releases: [], settlements });
      await hintGone(tx, desk, [{ object: 'Account', externalId: 'told' }]);
    }),
  );

  assert.deepEqual(await states(run), ['cancelled']);
});
