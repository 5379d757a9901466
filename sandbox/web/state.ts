import { z } from 'zod';
import { openJournal } from '../kit/journal.ts';
import { pageKey } from '../kit/world.ts';
import type { World } from '../kit/world.ts';

/** What stands at one address of the sandbox's web. */
export type WebDocument = {
  url: string;
  /** The key under which it is found: see pageKey. */
  key: string;
  title: string;
  /** A whole HTML document to serve as it is; null: `text` is framed. */
  html: string | null;
  text: string;
  /** ISO date or instant. */
  published: string | null;
  status: number;
  origin: 'site' | 'news' | 'filing' | 'distractor';
};

const webEdit = z.strictObject({
  /** Who changes the text. */
  as: z.string().min(1),
  url: z.string().min(1),
  text: z.string(),
  at: z.iso.datetime().optional(),
});
type WebEdit = z.infer<typeof webEdit> & { at: string };
const webEvent = webEdit.required({ at: true });

/** The sandbox's web as it is now, shared by the web twin and the search twin. */
export type WebState = {
  world: World;
  find(url: string): WebDocument | undefined;
  documents(): readonly WebDocument[];
  /** Documents of one host (without "www."), in the world's order. */
  siteOf(host: string): readonly WebDocument[];
  /** True when the host has anything at all. */
  knowsHost(host: string): boolean;
  /** The company whose site it is; the host itself when it is nobody's. */
  nameOf(host: string): string;
  /** The text of /robots.txt; null when the site has none. */
  robotsOf(host: string): string | null;
  /** Grows with every edit. */
  revision(): number;
  /**
   * Replaces the text of one page, article or filing and keeps it in the journal.
   * @throws ZodError on a malformed edit, Error when nothing stands at the address
   */
  edit(body: unknown): { url: string; revision: number };
  edits(): readonly WebEdit[];
};

/** The host of a key: everything before the first slash or question mark. */
function hostOfKey(key: string): string {
  return key.split(/[/?]/, 1)[0] ?? key;
}

function gatherDocuments(world: World): WebDocument[] {
  const documents: WebDocument[] = [];
  for (const [key, page] of world.pages) {
    const { url, title, html, published, status } = page;
    documents.push({ url, key, title, html, text: page.text ?? '', published, status, origin: 'site' });
  }
  const add = (
    origin: WebDocument['origin'],
    url: string,
    title: string,
    text: string,
    published: string | null,
  ) => {
    documents.push({ url, key: pageKey(url), title, html: null, text, published, status: 200, origin });
  };
  for (const { url, title, text, published } of world.news) add('news', url, title, text, published);
  for (const { url, title, text, published } of world.filings) add('filing', url, title, text, published);
  // Distractors carry no address of their own in a world.
  for (const [index, { title, text }] of world.distractors.entries())
    add('distractor', `https://passing-news.example/items/${index + 1}`, title, text, null);
  return documents;
}

/**
 * Builds the sandbox's web from a world and replays the edits of an earlier start.
 * @param options.journalFile where edits are kept; null: in memory alone
 */
export function createWebState(options: { world: World; journalFile: string | null }): WebState {
  const { world } = options;
  const byKey = new Map<string, WebDocument>();
  for (const document of gatherDocuments(world))
    if (!byKey.has(document.key)) byKey.set(document.key, document);
  const keysByHost = new Map<string, string[]>();
  for (const key of byKey.keys()) {
    const host = hostOfKey(key);
    const keys = keysByHost.get(host);
    if (keys === undefined) keysByHost.set(host, [key]);
    else keys.push(key);
  }
  const robots = new Map(world.companies.map(({ domain, robots: text }) => [domain, text]));
  const names = new Map(world.companies.map(({ domain, name }) => [domain, name]));
  const edits: WebEdit[] = [];

  const apply = (edit: WebEdit): void => {
    const key = pageKey(edit.url);
    const document = byKey.get(key);
    if (document === undefined) throw new Error(`nothing stands at ${edit.url}`);
    byKey.set(key, { ...document, text: edit.text, html: null });
    edits.push(edit);
  };

  const journal = openJournal(options.journalFile, (line) => webEvent.parse(line));
  journal.replay((edit) => {
    // A journal may come from a run over more companies than this one took.
    if (byKey.has(pageKey(edit.url))) apply(edit);
  });

  return {
    world,
    find: (url) => byKey.get(pageKey(url)),
    documents: () => [...byKey.values()],
    siteOf: (host) => (keysByHost.get(host) ?? []).flatMap((key) => byKey.get(key) ?? []),
    knowsHost: (host) => keysByHost.has(host) || robots.has(host),
    nameOf: (host) => names.get(host) ?? host,
    robotsOf: (host) => robots.get(host) ?? null,
    revision: () => edits.length,
    edit: (body) => {
      const { at, ...rest } = webEdit.parse(body);
      const edit = { ...rest, at: at ?? new Date().toISOString() };
      apply(edit);
      journal.append([edit]);
      return { url: edit.url, revision: edits.length };
    },
    edits: () => edits,
  };
}
