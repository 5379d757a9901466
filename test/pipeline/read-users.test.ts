import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readUsers } from '../../src/pipeline/read-users.ts';
import { isOwner } from '../../src/pipeline/store/books.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import { replaceUsers } from '../../src/pipeline/store/crm-users.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import { createFakeCrm } from '../harness/fake-crm.ts';

test('once nobody owns anything, whoever did before is known no longer', async (context) => {
  const { db, close } = await createTestDatabase();
  context.after(close);
  const workspaceId = await ensureWorkspace(db);
  const connection = await db.inWorkspace(workspaceId, async (tx) => {
    const made = await ensureConnection(tx, workspaceId, 'salesforce', 'default');
    const last = { externalId: '005000000000001', name: 'Last Owner', email: 'last@seller.example' };
    await replaceUsers(tx, { workspaceId, connectionId: made.id }, [last]);
    return made;
  });
  const isKnown = (): Promise<boolean> =>
    db.inWorkspace(workspaceId, (tx) => isOwner(tx, 'last@seller.example'));
  assert.equal(await isKnown(), true);

  // Its records are gone: none is left to ask the CRM about.
  const crm = {
    ...createFakeCrm('salesforce').crm,
    readUsers: () => assert.fail('nobody is to be asked about'),
  };
  await readUsers({ db, onError: assert.fail }, crm, connection, { signal: new AbortController().signal });
  assert.equal(await isKnown(), false);
});
