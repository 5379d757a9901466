import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { PageReader } from '../../../src/connectors/page-reader.ts';
import type { Search, SearchQuery } from '../../../src/connectors/search.ts';
import { ProviderError } from '../../../src/errors.ts';
import { createResearchStage } from '../../../src/pipeline/2-research/research.ts';
import { loadScoringModel, shippedModelPath } from '../../../src/pipeline/scoring-model.ts';
import type { CompanyWork } from '../../../src/pipeline/stage.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { listSources, listUnreadPages } from '../../../src/pipeline/store/sources.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';

const PROSE =
  'Tarn Optics grinds aspheric lenses in Kendal. The workshop has nine benches and a polishing robot. ' +
  'Every lens is measured twice before it leaves the building, and the measurements are kept for thirty years. ';

const STORY =
  'The firm took over an old shoe factory by the river and hired fourteen polishers from the town. ' +
  'The mayor cut a ribbon made of lens cloth, and the first pair of mirrors went to an observatory in Spain. ' +
  'A third workshop is not excluded, said the owner, who still drives the delivery van on Fridays.';

let here: TestDatabase;
let workspaceId: string;
let work: CompanyWork;
const asked: SearchQuery[] = [];
const read: string[] = [];
let searchFails: ProviderError | null = null;

const search: Search = {
  name: 'tavily',
  search: async (query) => {
    asked.push(query);
    if (searchFails !== null) throw searchFails;
    const story = `Tarn Optics of Kendal (tarn-optics.example) has opened a second workshop. ${STORY}`;
    return {
      credits: 1,
      // One press release on three sites, and a page about somebody else.
      hits: [
        ...['a', 'b', 'c'].map((host) => ({
          url: `https://news-${host}.example/tarn`,
          title: 'Tarn Optics opens second workshop',
          content: story,
          score: 0.8,
          published: '2026-10-01',
        })),
        {
          url: 'https://other.example/',
          title: 'Other',
          content: 'Nothing about it. '.repeat(20),
          score: 0.9,
          published: null,
        },
      ],
    };
  },
};
const pages: PageReader = {
  name: 'website',
  read: async (url) => {
    read.push(url);
    const { pathname } = new URL(url);
    if (pathname === '/careers')
      return { status: 'unreadable', url, reason: 'blocked', detail: 'answers 403' };
    const text = pathname === '/' ? PROSE.repeat(4) : `About us. ${PROSE.repeat(3)}`;
    const links = ['/about', '/careers'].map((path) => ({
      url: `https://tarn-optics.example${path}`,
      text: path,
    }));
    return {
      status: 'read',
      url,
      title: 'Tarn Optics',
      text,
      published: null,
      links,
      fetchedAt: new Date().toISOString(),
    };
  },
};

before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
  const company = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureCompany(tx, workspaceId, { domain: 'tarn-optics.example', name: 'Tarn Optics' }),
  );
  work = {
    workspaceId,
    companyId: company.id,
    runId: company.id,
    model: await loadScoringModel(shippedModelPath('gpu-infrastructure')),
    asOf: '2026-11-01',
    refreshSince: null,
    dryRun: false,
    interactive: false,
    patient: true,
    signal: new AbortController().signal,
    onCall: () => undefined,
    save: (act) => here.db.inWorkspace(workspaceId, act),
  };
});
after(() => here.close());

const research = async (changes: Partial<CompanyWork> = {}): Promise<{ searches: number; pages: number }> => {
  asked.length = 0;
  read.length = 0;
  await createResearchStage({ db: here.db, search, pages }).run({ ...work, ...changes });
  return { searches: asked.length, pages: read.length };
};
const age = (hours: number): Promise<unknown> =>
  here.db.inWorkspace(workspaceId, (tx) =>
    tx.query('update answers set expires_at = expires_at - make_interval(hours => $1)', [hours]),
  );

test('the same press release on three sites is one source, and a page about somebody else is none', async () => {
  await research();

  const sources = await here.db.inWorkspace(workspaceId, (tx) => listSources(tx, work.companyId));
  assert.equal(sources.filter((source) => source.url.includes('news-')).length, 1);
  assert.equal(sources.filter((source) => source.url.includes('other.example')).length, 0);
  assert.ok(
    sources.some((source) => source.url === 'https://tarn-optics.example/' && source.kind === 'site'),
  );
});

test('a page that cannot be read is said with its reason', async () => {
  const unread = await here.db.inWorkspace(workspaceId, (tx) => listUnreadPages(tx, work.companyId));

  assert.deepEqual(
    unread.map((page) => [page.url, page.reason]),
    [['https://tarn-optics.example/careers', 'blocked']],
  );
});

test('a page of the company’s own that is nothing but a menu is no source, and is told with that reason', async () => {
  const url = 'https://menu-only.example/';
  const company = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureCompany(tx, workspaceId, { domain: 'menu-only.example', name: 'Menu Only' }),
  );
  const text = ['Home', 'GPU cloud', 'H100 clusters', 'Pricing', 'Careers', 'Sign in'].join('\n');
  const fetchedAt = new Date().toISOString();
  const page = { title: 'Menu Only', text, published: null, links: [], fetchedAt };
  const menu: PageReader = { name: 'website', read: async () => ({ status: 'read', url, ...page }) };
  await createResearchStage({ db: here.db, search: null, pages: menu }).run({
    ...work,
    companyId: company.id,
  });

  const [sources, unread] = await here.db.inWorkspace(workspaceId, async (tx) => [
    await listSources(tx, company.id),
    await listUnreadPages(tx, company.id),
  ]);
  assert.deepEqual(sources, []);
  assert.deepEqual(
    unread.map((one) => [one.url, one.reason]),
    [[url, 'hardly-any-text']],
  );
});

test('researching again within the hour asks nobody anything', async () => {
  assert.deepEqual(await research(), { searches: 0, pages: 0 });
});

test('after 25 hours the site and the news are read again, and the slow facts are not', async () => {
  await age(25);

  const again = await research();

  assert.ok(again.pages >= 2, `${again.pages} pages`);
  assert.ok(asked.some((query) => query.topic === 'news'));
  assert.ok(
    !asked.some((query) => query.query.includes('trains own')),
    'the search for slow facts lasts seven days',
  );
});

test('a refresh reads everything again whatever its age, and unchanged texts keep their identity', async () => {
  const before = await here.db.inWorkspace(workspaceId, (tx) => listSources(tx, work.companyId));

  const again = await research({ refreshSince: new Date() });

  assert.ok(again.searches >= 2 && again.pages >= 2);
  const after = await here.db.inWorkspace(workspaceId, (tx) => listSources(tx, work.companyId));
  assert.deepEqual(
    after.map((source) => [source.id, source.contentHash]),
    before.map((source) => [source.id, source.contentHash]),
  );
});

test('a search plan that is used up leaves the site to speak, and says so', async () => {
  searchFails = new ProviderError({
    provider: 'tavily',
    operation: 'search',
    kind: 'quota',
    message: 'plan used up',
  });

  await research({ refreshSince: new Date() });

  searchFails = null;
  const unread = await here.db.inWorkspace(workspaceId, (tx) => listUnreadPages(tx, work.companyId));
  assert.ok(unread.some((page) => page.reason === 'search failed' && page.detail.includes('plan used up')));
  const sources = await here.db.inWorkspace(workspaceId, (tx) => listSources(tx, work.companyId));
  assert.ok(sources.length > 0);
});

test('an outage of the search is waited out in a batch, and gone without when a person waits', async () => {
  searchFails = new ProviderError({
    provider: 'tavily',
    operation: 'search',
    kind: 'unavailable',
    message: '503',
  });

  await assert.rejects(research({ refreshSince: new Date() }), /503/);
  await research({ refreshSince: new Date(), interactive: true, patient: false });

  searchFails = null;
});

test('a refresh that is interrupted buys nothing twice when it goes on', async () => {
  const refreshSince = new Date();
  const first = await research({ refreshSince });
  assert.ok(first.searches >= 2 && first.pages >= 2);

  assert.deepEqual(await research({ refreshSince }), { searches: 0, pages: 0 });
});

test('searches under way when the page reader fails are waited for and kept', async () => {
  const refreshSince = new Date();
  const down = new ProviderError({
    provider: 'website',
    operation: 'page',
    kind: 'unavailable',
    message: 'the reader is down',
  });
  const slow: Search = {
    ...search,
    search: async (query, call) => {
      await setImmediate();
      return search.search(query, call);
    },
  };
  asked.length = 0;
  const stage = createResearchStage({
    db: here.db,
    search: slow,
    pages: { ...pages, read: () => Promise.reject(down) },
  });

  await assert.rejects(stage.run({ ...work, refreshSince }), /the reader is down/);
  assert.ok(asked.length > 0);

  assert.deepEqual((await research({ refreshSince })).searches, 0);
});

test('a page that fails costs the others beside it no second reading', async () => {
  const refreshSince = new Date();
  const down = new ProviderError({
    provider: 'website',
    operation: 'page',
    kind: 'unavailable',
    message: 'the reader is down',
  });
  const stage = createResearchStage({
    db: here.db,
    search,
    pages: {
      ...pages,
      read: (url, call) => (url.endsWith('/careers') ? Promise.reject(down) : pages.read(url, call)),
    },
  });
  await assert.rejects(stage.run({ ...work, refreshSince }), /the reader is down/);

  await research({ refreshSince });

  assert.deepEqual(read, ['https://tarn-optics.example/careers']);
});
