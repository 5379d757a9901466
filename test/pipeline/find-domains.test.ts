import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PageReader } from '../../src/connectors/page-reader.ts';
import type { Search } from '../../src/connectors/search.ts';
import { ProviderDownError } from '../../src/errors.ts';
import { findMissingDomains } from '../../src/pipeline/find-domains.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import { findCompanyByDomain } from '../../src/pipeline/store/companies.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

test('a search by name is bought once, also when the page reader is down when its hits are to be read', async () => {
  const { db } = here;
  const workspaceId = await ensureWorkspace(db);
  const connection = await db.inWorkspace(workspaceId, async (tx) => {
    const made = await ensureConnection(tx, workspaceId, 'salesforce', 'default');
    await tx.query(
      `insert into records (workspace_id, connection_id, object, external_id, name, skipped_because, modified_at, row_hash)
       values ($1, $2, 'Account', '001000000000001AAA', 'Tarn Optics', 'no website', now(), 'x')`,
      [workspaceId, made.id],
    );
    return made;
  });
  let bought = 0;
  const search: Search = {
    name: 'tavily',
    search: async () => {
      bought += 1;
      const hit = { title: '', content: '', score: 1, published: null };
      return { credits: 1, hits: [{ ...hit, url: 'https://tarn-optics.example/about' }] };
    },
  };
  let down = true;
  const pages: PageReader = {
    name: 'website',
    read: async (url) => {
      if (down) throw new ProviderDownError('website', new Date());
      const page = { title: 'Tarn Optics', text: 'Tarn Optics grinds lenses.', published: null, links: [] };
      return { status: 'read', url, fetchedAt: '2026-11-01T00:00:00Z', ...page };
    },
  };
  const look = () =>
    findMissingDomains({ db, search, pages }, connection, { signal: AbortSignal.timeout(30_000) });

  await assert.rejects(look(), ProviderDownError);
  await assert.rejects(look(), ProviderDownError);
  down = false;
  assert.equal(await look(), 1);

  assert.equal(bought, 1);
  const company = await db.inWorkspace(workspaceId, (tx) => findCompanyByDomain(tx, 'tarn-optics.example'));
  assert.equal(company?.name, 'Tarn Optics');
  assert.equal(await look(), 0);
  assert.equal(bought, 1);
});
