import { z } from 'zod';
import type { ProviderCall } from '../../connectors/call.ts';
import type { PageRead, PageReader } from '../../connectors/page-reader.ts';
import type { Database } from '../../db.ts';
import type { CompanyWork } from '../stage.ts';
import { answerKey, findAnswers, saveAnswers } from '../store/answers.ts';
import type { UnreadPage } from '../store/sources.ts';
import { choosePages } from './choose-pages.ts';
import { classifySource } from './classify.ts';
import { ttlHoursOf } from './ttl.ts';

export type ReadPage = Extract<PageRead, { status: 'read' }>;

const HOUR_MS = 3_600_000;
// The front page and the four that say most about what a company does.
const PAGES_BESIDE_HOME = 4;
// What failed for a moment is worth another look soon; a wall or a missing page is not.
const UNAVAILABLE_TTL_MS = HOUR_MS;
const UNREADABLE_TTL_MS = 24 * HOUR_MS;

const StoredPage = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('read'),
    url: z.string(),
    title: z.string(),
    text: z.string(),
    published: z.string().nullable(),
    links: z.array(z.object({ url: z.string(), text: z.string() })),
    fetchedAt: z.string(),
  }),
  z.object({ status: z.literal('unreadable'), url: z.string(), reason: z.string(), detail: z.string() }),
]);
type StoredPage = z.infer<typeof StoredPage>;

/** The company's own site: the front page, then the pages that say most. What was read lately is not fetched again. */
export async function readSite(options: {
  db: Database;
  pages: PageReader;
  work: CompanyWork;
  company: { domain: string; website: string };
}): Promise<{ pages: ReadPage[]; unread: UnreadPage[] }> {
  const { company } = options;
  const home = homeOf(company);
  let [front] = await readPages(options, [home]);
  const bare = `https://${company.domain}/`;
  // A CRM's website field may hold a campaign page that is gone, or the bare domain may have no address of its own.
  for (const other of [bare, `https://www.${company.domain}/`]) {
    if (front?.status === 'read' || other === home) continue;
    const [second] = await readPages(options, [other]);
    if (second?.status === 'read') front = second;
  }
  if (front === undefined) return { pages: [], unread: [] };
  if (front.status === 'unreadable') return { pages: [], unread: [front] };
  const chosen = choosePages(front.links, company.domain, [home, bare, front.url], PAGES_BESIDE_HOME);
  const rest = await readPages(
    options,
    chosen.map((page) => page.url),
  );
  const all = [front, ...rest];
  return {
    pages: all.flatMap((page) => (page.status === 'read' ? [page] : [])),
    unread: all.flatMap((page) => (page.status === 'read' ? [] : [page])),
  };
}

function homeOf({ domain, website }: { domain: string; website: string }): string {
  const address = /^https?:\/\//i.test(website) ? website : `https://${website}`;
  return URL.parse(address)?.href ?? `https://${domain}/`;
}

async function readPages(
  options: { db: Database; pages: PageReader; work: CompanyWork; company: { domain: string } },
  urls: readonly string[],
): Promise<StoredPage[]> {
  const { db, pages, work, company } = options;
  const { workspaceId } = work;
  const keyed = urls.map((url) => ({ url, key: answerKey('website', 'page', url) }));
  const keys = keyed.map((one) => one.key);
  const stored = await db.inWorkspace(workspaceId, (tx) => findAnswers(tx, keys, work.refreshSince));
  const calls: ProviderCall[] = [];
  // Where one page fails the others are kept as well: the next try needs only that one.
  const settled = await Promise.allSettled(
    keyed.map(async ({ url, key }) => {
      const known = StoredPage.safeParse(stored.get(key));
      if (known.success) return { page: known.data, url, key, isNew: false };
      const page = await pages.read(url, {
        signal: work.signal,
        interactive: work.interactive,
        onCall: (call) => {
          calls.push(call);
          work.onCall(call);
        },
      });
      return { page, url, key, isNew: true };
    }),
  );
  const read = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const fresh = read.filter((one) => one.isNew);
  if (fresh.length > 0)
    await work.save(
      (tx) =>
        saveAnswers(
          tx,
          fresh.map(({ page, url, key }) => ({
            workspaceId,
            key,
            provider: 'website',
            operation: 'page',
            question: { url },
            answer: page,
            ttlMs: ttlOf(page, company.domain),
          })),
        ),
      calls,
    );
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return read.map((one) => one.page);
}

function ttlOf(page: StoredPage, domain: string): number {
  if (page.status === 'read') return ttlHoursOf(classifySource(page, domain, 'site')) * HOUR_MS;
  return page.reason === 'unavailable' ? UNAVAILABLE_TTL_MS : UNREADABLE_TTL_MS;
}
