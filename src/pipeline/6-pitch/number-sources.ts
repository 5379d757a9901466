import { formatDay } from '../format.ts';
import { linkToQuote, safeLink, shortenUrl } from '../link.ts';
import { cleanLine } from '../plain-text.ts';
import type { ShownQuote, ShownSource } from './sheet.ts';
import { cutText } from './cut-text.ts';

/** What is known of a document that was read. */
export type ReadSource = {
  url: string;
  kind: string;
  title: string;
  published: string | null;
  fetchedAt: string;
};

const MOST_TITLE = 110;
const MOST_WHERE = 44;

/** Gives every address that is cited one number, in the order of citing. */
export function numberSources(known: readonly ReadSource[]) {
  const byUrl = new Map(known.map((source) => [source.url, source]));
  const numbers = new Map<string, number>();
  const numberOf = (url: string): number => {
    const number = numbers.get(url) ?? numbers.size + 1;
    numbers.set(url, number);
    return number;
  };
  return {
    numberOf,
    /** A quote as it is shown; `quote` is cleaned and cut already, `whole` is what stands in the source. */
    cite: (quote: string, whole: string, url: string, published?: string | null): ShownQuote => {
      const source = byUrl.get(url);
      const day = published ?? source?.published ?? null;
      const note = [nameHost(url), source?.kind, day === null ? 'undated' : formatDay(day)];
      return {
        quote,
        source: numberOf(url),
        href: linkToQuote(url, whole),
        note: note.filter((part) => part !== undefined && part !== '').join(' · '),
      };
    },
    /** All that were cited. */
    list: (): ShownSource[] =>
      [...numbers].map(([url, number]) => {
        const source = byUrl.get(url);
        const where = cutText(shortenUrl(cleanLine(url)), MOST_WHERE);
        return {
          number,
          title: cutText(cleanLine(source?.title ?? ''), MOST_TITLE) || where,
          where,
          href: safeLink(url),
          note: source === undefined ? 'no longer among the company’s sources' : describe(source),
        };
      }),
  };
}

function nameHost(url: string): string {
  const link = safeLink(url);
  return cutText(link === null ? cleanLine(url) : new URL(link).hostname.replace(/^www\./, ''), MOST_WHERE);
}

function describe({ kind, published, fetchedAt }: ReadSource): string {
  const day = published === null ? 'undated' : formatDay(published);
  return `${kind} · ${day}, read ${formatDay(fetchedAt)}`;
}
