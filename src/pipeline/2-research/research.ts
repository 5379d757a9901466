import type { PageReader } from '../../connectors/page-reader.ts';
import type { Search } from '../../connectors/search.ts';
import type { Database } from '../../db.ts';
import type { Stage } from '../stage.ts';
import { findCompany } from '../store/companies.ts';
import { replaceSources, replaceUnreadPages } from '../store/sources.ts';
import { askSearches } from './ask-searches.ts';
import { gatherSources, listThinPages } from './gather-sources.ts';
import { mayUseOwnHits } from './own-hits.ts';
import { planSearches } from './plan-searches.ts';
import { readSite } from './read-site.ts';

// A site that says this much needs no search for its own pages: search costs, the site is free.
const ENOUGH_OWN_TEXT = 600;

/** Company → sources: its own site and the web's searches side by side. */
export function createResearchStage(deps: { db: Database; search: Search | null; pages: PageReader }): Stage {
  return {
    name: 'research',
    tries: 3,
    run: async (work) => {
      const { workspaceId, companyId, model } = work;
      const company = await deps.db.inWorkspace(workspaceId, (tx) => findCompany(tx, companyId));
      if (company === null) throw new Error('the company is gone');
      const planned = deps.search === null ? [] : planSearches(model.questions, company);
      const ownSite = planned.filter((search) => search.query.includeDomains?.includes(company.domain));
      const elsewhere = planned.filter((search) => !ownSite.includes(search));

      const [site, found] = await bothDone(
        readSite({ db: deps.db, pages: deps.pages, work, company }),
        askSearches({ db: deps.db, search: deps.search, work, searches: elsewhere }),
      );
      const ownText = site.pages.reduce((sum, page) => sum + page.text.length, 0);
      const more =
        ownText >= ENOUGH_OWN_TEXT || !mayUseOwnHits(site)
          ? { hits: [], failed: [] }
          : await askSearches({ db: deps.db, search: deps.search, work, searches: ownSite });

      const sources = gatherSources({ company, pages: site.pages, hits: [...found.hits, ...more.hits] });
      await deps.db.inWorkspace(workspaceId, async (tx) => {
        await replaceSources(tx, workspaceId, companyId, sources);
        await replaceUnreadPages(tx, workspaceId, companyId, [
          ...site.unread,
          ...listThinPages(site.pages),
          ...found.failed,
          ...more.failed,
        ]);
      });
    },
  };
}

/** Both results. Where one fails the other is still waited for: tried again at once, it would be asked for a second time. */
async function bothDone<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return [await one, await other];
}
