import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PageReader } from '../../src/connectors/page-reader.ts';
import type { Search } from '../../src/connectors/search.ts';
import type { Database, Tx } from '../../src/db.ts';
import { ProviderDownError } from '../../src/errors.ts';
import { findMissingDomains } from '../../src/pipeline/find-domains.ts';
import { claimAnswer } from '../../src/pipeline/store/answer-claims.ts';
import { answerKey } from '../../src/pipeline/store/answers.ts';
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

const TARN = { title: 'Tarn Optics', text: 'Tarn Optics grinds lenses.', published: null, links: [] };
const tarnPages: PageReader = {
  name: 'website',
  read: async (url) => ({ status: 'read', url, fetchedAt: '2026-11-01T00:00:00Z', ...TARN }),
};
const TARN_HITS = [
  { title: '', content: '', score: 1, published: null, url: 'https://tarn-optics.example/about' },
];

async function nameTarn(workspace: string, connectionNames: readonly string[]) {
  const workspaceId = await ensureWorkspace(here.db, workspace);
  return here.db.inWorkspace(workspaceId, async (tx) => {
    const made = [];
    for (const name of connectionNames) {
      const connection = await ensureConnection(tx, workspaceId, 'salesforce', name);
      await tx.query(
        `insert into records (workspace_id, connection_id, object, external_id, name, skipped_because, modified_at, row_hash)
         values ($1, $2, 'Account', '001000000000001AAA', 'Tarn Optics', 'no website', now(), 'x')`,
        [workspaceId, connection.id],
      );
      made.push(connection);
    }
    return made;
  });
}

test('two connections that name the same company and are synced at once buy one search, and both find it', async () => {
  const [first, second] = await nameTarn('two at once', ['americas', 'emea']);
  assert.ok(first !== undefined && second !== undefined);
  let bought = 0;
  let openGate = (): void => undefined;
  const gate = new Promise<void>((resolve) => (openGate = resolve));
  const search: Search = {
    name: 'tavily',
    search: async () => {
      bought += 1;
      if (bought > 1) openGate();
      await gate;
      return { credits: 1, hits: TARN_HITS };
    },
  };
  // The second one has looked around a few times when the first one's answer comes.
  let looks = 0;
  const watched: Database = {
    ...here.db,
    inWorkspace: (workspaceId, act) => {
      looks += 1;
      if (looks > 6) openGate();
      return here.db.inWorkspace(workspaceId, act);
    },
  };
  const call = { signal: AbortSignal.timeout(60_000) };
  const one = findMissingDomains({ db: here.db, search, pages: tarnPages }, first, call);
  while (bought === 0) await new Promise((resolve) => setImmediate(resolve));
  const other = findMissingDomains({ db: watched, search, pages: tarnPages }, second, call);

  assert.deepEqual(await Promise.all([one, other]), [1, 1]);
  assert.equal(bought, 1);
  const left = await here.db.inWorkspace(first.workspaceId, (tx) =>
    tx.query(`select from answers where operation = 'claim'`),
  );
  assert.equal(left.rowCount, 0);
});

test('a search that a killed process had begun is bought by the next sync once its claim has ended', async () => {
  const [connection] = await nameTarn('killed', ['default']);
  assert.ok(connection !== undefined);
  const stop = new AbortController();
  let bought = 0;
  const search: Search = {
    name: 'tavily',
    search: async () => {
      bought += 1;
      return { credits: 1, hits: TARN_HITS };
    },
  };
  const inWorkspace = <T>(act: (tx: Tx) => Promise<T>): Promise<T> =>
    here.db.inWorkspace(connection.workspaceId, act);
  const asked: unknown[] = [];
  const findsNothing: Search = {
    name: 'tavily',
    search: async (wanted) => {
      asked.push(wanted);
      return { credits: 1, hits: [] };
    },
  };
  await findMissingDomains({ db: here.db, search: findsNothing, pages: tarnPages }, connection, {
    signal: stop.signal,
  });
  assert.equal(asked.length, 1);
  const [wanted] = asked;
  await inWorkspace(async (tx) => {
    await tx.query('delete from answers');
    await tx.query(`update records set skipped_because = 'no website'`);
    await claimAnswer(tx, connection.workspaceId, answerKey('tavily', 'search', wanted), 60_000);
  });
  const look = () =>
    findMissingDomains({ db: here.db, search, pages: tarnPages, patienceMs: 10 }, connection, {
      signal: stop.signal,
    });

  assert.deepEqual([await look(), bought], [0, 0]);
  await inWorkspace((tx) => tx.query(`update answers set expires_at = now() where operation = 'claim'`));
  assert.deepEqual([await look(), bought], [1, 1]);
});
