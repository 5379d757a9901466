import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { countSkipped, listSkipped } from '../../../src/pipeline/store/skipped-records.ts';
import type { SkippedRecord } from '../../../src/pipeline/store/skipped-records.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';

let here: TestDatabase;
let workspaceId: string;
before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
  // 1 row for the first reason, 2 for the second …
  await here.db.inWorkspace(workspaceId, async (tx) => {
    for (const name of ['americas', 'emea']) {
      const { id } = await ensureConnection(tx, workspaceId, 'hubspot', name);
      await tx.query(
        `insert into records (workspace_id, connection_id, object, external_id, name, skipped_because, modified_at, row_hash)
         select $1, $2, 'company', reason || '-' || n, 'Company ' || n, 'reason ' || reason, now(), 'x'
         from generate_series(1, 9) reason, lateral generate_series(1, reason) n`,
        [workspaceId, id],
      );
    }
  });
});
after(() => here.close());

test('of the reasons why rows lead to no company the commonest are listed, and all are counted', async () => {
  assert.deepEqual(await here.db.inWorkspace(workspaceId, (tx) => countSkipped(tx, 2)), {
    rows: 90,
    reasons: 9,
    listed: [
      { because: 'reason 9', rows: 18 },
      { because: 'reason 8', rows: 16 },
    ],
  });
});

test('every row that leads to no company is listed once, page by page', async () => {
  const seen: string[] = [];
  let after: SkippedRecord | null = null;
  for (;;) {
    const from: SkippedRecord | null = after;
    const page: SkippedRecord[] = await here.db.inWorkspace(workspaceId, (tx) =>
      listSkipped(tx, { after: from, limit: 7 }),
    );
    seen.push(...page.map(({ connection, externalId }) => `${connection}/${externalId}`));
    after = page.at(-1) ?? null;
    if (page.length < 7) break;
  }
  assert.deepEqual([seen.length, new Set(seen).size], [90, 90]);
});

test('pages on one platform are one reason, whichever page each record names', async () => {
  const pages = ['https://www.linkedin.com/company/a', 'linkedin.com/company/b', 'de.linkedin.com/company/c'];
  await here.db.inWorkspace(workspaceId, async (tx) => {
    const { id } = await ensureConnection(tx, workspaceId, 'hubspot', 'profiles');
    for (let copies = 0; copies < 10; copies += 1)
      await tx.query(
        `insert into records (workspace_id, connection_id, object, external_id, name, skipped_because, modified_at, row_hash)
         select $1, $2, 'company', page || $4, 'Company', page || ' is a page on linkedin.com, not a company''s own domain', now(), 'x'
         from unnest($3::text[]) page`,
        [workspaceId, id, pages, String(copies)],
      );
  });
  const { listed } = await here.db.inWorkspace(workspaceId, (tx) => countSkipped(tx, 1));
  assert.deepEqual(listed, [{ because: "a page on linkedin.com, not a company's own domain", rows: 30 }]);
});
