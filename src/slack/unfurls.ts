import type { App } from '@slack/bolt';
import { z } from 'zod';
import { ProviderError, UserError } from '../errors.ts';
import type { JobResult, SlackJob } from '../pipeline/queue/jobs.ts';
import { findCompanyByDomain } from '../pipeline/store/companies.ts';
import { claimRequest } from '../pipeline/store/slack-requests.ts';
import { teamOf } from './asker-of.ts';
import type { SlackDeps } from './deps.ts';
import { isTokenRefused } from './guard-tokens.ts';
import { waitBriefly } from './patience.ts';
import { readCard } from './read-card.ts';
import { showUnfurl } from './views/unfurl.ts';
import type { Unfurl } from './views/types.ts';

const LinkShared = z.object({
  event_id: z.string(),
  is_ext_shared_channel: z.boolean().optional(),
  event: z.object({
    channel: z.string(),
    message_ts: z.string(),
    unfurl_id: z.string().optional(),
    source: z.enum(['composer', 'conversations_history']).optional(),
    links: z.array(z.object({ url: z.string() })),
  }),
});

// A message with more links is a list of them.
const MOST_LINKS = 5;

/** The domain of the company that one of our own addresses is about; null: none, or not ours. */
function companyOfPage(publicUrl: string, url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { origin, pathname } = new URL(url);
  const base = new URL(publicUrl);
  const path = pathname.startsWith(base.pathname) ? pathname.slice(base.pathname.length) : '';
  const [, domain] = /^\/?companies\/([^/]+)\/?$/.exec(path) ?? [];
  if (origin !== base.origin || domain === undefined) return null;
  try {
    return decodeURIComponent(domain).toLowerCase();
  } catch {
    return null;
  }
}

/** Links to our own pages: a job shows what they are about. */
export function listenToLinks(app: App, deps: SlackDeps): void {
  app.event('link_shared', async ({ body, context }) => {
    const { event_id: key, event, is_ext_shared_channel: isShared } = LinkShared.parse(body);
    // What is shown below a link is seen by all who read it.
    if (isShared === true) return;
    const urls = event.links
      .map(({ url }) => url)
      .filter((url) => companyOfPage(deps.publicUrl, url) !== null);
    if (urls.length === 0) return;
    const { workspaceId, teamId } = await teamOf(deps, context.teamId ?? '');
    const place =
      event.unfurl_id !== undefined && event.source !== undefined
        ? { unfurlId: event.unfurl_id, source: event.source }
        : { channel: event.channel, ts: event.message_ts };
    await deps.db.inWorkspace(workspaceId, async (tx) => {
      if (!(await claimRequest(tx, workspaceId, key))) return;
      await deps.queue.requestSlack(tx, {
        workspaceId,
        unfurl: { teamId, place, urls: urls.slice(0, MOST_LINKS) },
      });
    });
  });
}

type UnfurlJob = Extract<SlackJob, { unfurl: unknown }>;

/** Shows under a message what its links to our pages are about; said again, it is the same. */
export function createUnfurlJob(deps: SlackDeps) {
  return async ({ workspaceId, askedAt, unfurl: { teamId, place, urls } }: UnfurlJob): Promise<JobResult> => {
    const team = await deps.teams.find(teamId);
    if (team === null) return 'done';
    const unfurls: Record<string, Unfurl> = {};
    for (const url of urls) {
      const shown = await readUnfurl(deps, workspaceId, url);
      if (shown !== null) unfurls[url] = shown;
    }
    if (Object.keys(unfurls).length === 0) return 'done';
    const at =
      'unfurlId' in place
        ? { unfurl_id: place.unfurlId, source: place.source }
        : { channel: place.channel, ts: place.ts };
    try {
      await deps.clients.of(team.token).call('chat.unfurl', (api) => api.chat.unfurl({ ...at, unfurls }));
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const wait = waitBriefly(error, askedAt);
      if (wait !== null) return wait;
      if (!isTokenRefused(error)) deps.onError(error, 'the preview of a link in Slack');
    }
    return 'done';
  };
}

async function readUnfurl(deps: SlackDeps, workspaceId: string, url: string): Promise<Unfurl | null> {
  const domain = companyOfPage(deps.publicUrl, url);
  if (domain === null) return null;
  const company = await deps.db.inWorkspace(workspaceId, (tx) => findCompanyByDomain(tx, domain));
  if (company === null) return null;
  try {
    return showUnfurl(await readCard(deps, { workspaceId }, company.id));
  } catch (error) {
    // It was never scored: there is nothing to show.
    if (error instanceof UserError) return null;
    throw error;
  }
}
