import type { CallOptions } from './call.ts';

export type PageLink = { url: string; text: string };

export type UnreadableReason =
  | 'robots' // robots.txt asks us not to
  | 'blocked' // 401, 403, 451, a bot wall
  | 'not-found'
  | 'not-html'
  | 'too-large'
  | 'empty' // no visible text
  | 'parked' // for sale or parked
  | 'private-address' // resolves to an address that we never call
  | 'not-allowed' // not http(s), an unusual port, credentials in the address
  | 'no-such-host'
  | 'unavailable'; // 5xx, timeout, reset

export type PageRead =
  | {
      status: 'read';
      /** After redirects. */
      url: string;
      title: string;
      /** Visible main text, blocks separated by newlines. */
      text: string;
      /** ISO date from the page's own metadata. */
      published: string | null;
      links: PageLink[];
      fetchedAt: string;
    }
  | { status: 'unreadable'; url: string; reason: UnreadableReason; detail: string };

/** The port behind which pages are fetched and read. A page that can't be read is an answer, not an exception. */
export type PageReader = {
  name: string;
  read(url: string, options: CallOptions): Promise<PageRead>;
};
