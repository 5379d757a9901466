import { Router } from 'express';
import type { WebDeps } from '../deps.ts';
import type { createHealth } from '../health.ts';
import type { ProgressFeed } from '../progress-feed.ts';

export type PageDeps = WebDeps & { feed: ProgressFeed; health: ReturnType<typeof createHealth> };

/** Every page, and the forms on them. */
export function servePages(deps: PageDeps): Router {
  const router = Router();
  router.use((_request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    next();
  });
  void deps;
  return router;
}
