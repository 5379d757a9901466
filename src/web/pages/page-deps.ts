import type { Visitor } from '../auth/sessions.ts';
import type { WebDeps } from '../deps.ts';
import type { Health } from '../health.ts';
import type { ProgressFeed } from '../progress-feed.ts';

/** What pages are given: the server's own, the live feed, and what health found. */
export type PageDeps = WebDeps & {
  feed: ProgressFeed;
  health: Health;
  /** Who asks; null where nobody has to sign in. */
  visitor: Visitor | null;
};
