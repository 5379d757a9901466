import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isOwner, listWorkspacesOfOwner } from '../../../src/pipeline/store/books.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

/** A workspace whose CRM knows these people. */
async function openWorkspace(name: string, people: readonly string[], removed = false): Promise<string> {
  const { db } = here;
  const workspaceId = await ensureWorkspace(db, name);
  await db.inWorkspace(workspaceId, async (tx) => {
    const { id } = await ensureConnection(tx, workspaceId, 'hubspot', 'default');
    await tx.query(
      `insert into crm_users (workspace_id, connection_id, external_id, name, email) select $1, $2, person, person, person from unnest($3::text[]) as person`,
      [workspaceId, id, people],
    );
    if (removed) await tx.query(`update connections set status = 'removed'`);
  });
  return workspaceId;
}

test('somebody’s workspaces are those that know them one by one, and looking for them shows no other workspace’s rows', async () => {
  const { db } = here;
  const ids = [
    await openWorkspace('one', ['ida@seller.example', 'bo@seller.example']),
    await openWorkspace('two', ['bo@seller.example']),
    await openWorkspace('three', ['ida@seller.example']),
    await openWorkspace('left', ['ida@seller.example'], true),
  ];
  for (const address of ['Ida@seller.example', 'bo@seller.example', 'nobody@seller.example']) {
    const known: string[] = [];
    for (const id of ids) if (await db.inWorkspace(id, (tx) => isOwner(tx, address))) known.push(id);
    assert.deepEqual([...(await listWorkspacesOfOwner(db, address))].toSorted(), known.toSorted(), address);
  }
  const [one = ''] = ids;
  const seen = await db.inWorkspace(one, async (tx) => {
    await tx.query('select workspaces_of_owner($1)', ['ida@seller.example']);
    return (await tx.query<{ n: number }>('select count(*) as n from crm_users')).rows[0]?.n;
  });
  assert.equal(seen, 2);
  const outside = await db.inDirectory(async (tx) => {
    await tx.query('select workspaces_of_owner($1)', ['ida@seller.example']);
    return (await tx.query('select from crm_users')).rowCount;
  });
  assert.equal(outside, 0);
});
