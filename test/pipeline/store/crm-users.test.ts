import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { listOwnersDue } from '../../../src/pipeline/store/crm-users.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../../harness/database.ts';
import { measureRows } from '../../harness/measure-rows.ts';

const RECORDS = 6_000;
const OWNERS = 12;
// A row is counted at each of a plan's steps that hands it on.
const MOST_ROWS = OWNERS * 10;

test('who owns the records of a connection is found without going through all of them', async (context) => {
  const { db, close } = await createTestDatabase();
  context.after(close);
  const workspaceId = await ensureWorkspace(db);
  const [first, second] = await db.inWorkspace(workspaceId, async (tx) => {
    const made = [
      await ensureConnection(tx, workspaceId, 'salesforce', 'first'),
      await ensureConnection(tx, workspaceId, 'salesforce', 'second'),
    ] as const;
    // Owners of both stand between each other's; some own nothing any more, some records are nobody's.
    for (const [index, { id }] of made.entries())
      await tx.query(
        `insert into records (workspace_id, connection_id, object, external_id, modified_at, row_hash, owner_id, deleted)
         select $1, $2, 'Lead', n::text, now(), '', case when n % 100 = 99 then null else 'owner-' || n % $3 * 2 + $4 end, n % $3 = 0
         from generate_series(1, $5::integer) n`,
        [workspaceId, id, OWNERS, index, RECORDS],
      );
    return made;
  });
  const living = Array.from({ length: OWNERS - 1 }, (_, place) => place + 1);

  for (const [index, { id }] of [first, second].entries()) {
    const { answer, rows } = await measureRows(db, workspaceId, (tx) => listOwnersDue(tx, id));
    assert.deepEqual(answer?.toSorted(), living.map((place) => `owner-${place * 2 + index}`).toSorted());
    assert.ok(rows < MOST_ROWS, `${rows} rows`);
  }
});
