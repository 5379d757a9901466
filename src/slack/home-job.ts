import { ProviderError } from '../errors.ts';
import type { JobResult } from '../pipeline/queue/jobs.ts';
import { isOwner, listBook, listMoved } from '../pipeline/store/books.ts';
import type { BookCompany } from '../pipeline/store/books.ts';
import { listChannelAlerts } from '../pipeline/store/slack-channel-alerts.ts';
import type { SlackUser } from '../pipeline/store/slack-people.ts';
import type { SlackDeps } from './deps.ts';
import { explainMove } from './explain-move.ts';
import { isTokenRefused } from './guard-tokens.ts';
import { waitBriefly } from './patience.ts';
import { meetPerson } from './person.ts';
import { pageOf } from './read-card.ts';
import { showHome } from './views/home.ts';
import type { Listed } from './views/types.ts';

const ACCOUNTS_SHOWN = 20;
const MOVED_SHOWN = 10;
const CHANNELS_SHOWN = 10;
const WEEK_DAYS = 7;
const USUAL_LEAST_MOVE = 10;

/** Shows a person their Home tab: their accounts by score, what moved this week, what they want to hear. */
export function createHomeJob(deps: SlackDeps) {
  const list = (company: BookCompany): Listed => ({
    ...company,
    ours: pageOf(deps.publicUrl, company.domain),
  });
  const show = async (user: SlackUser): Promise<void> => {
    const team = await deps.teams.find(user.teamId);
    if (team === null) return;
    const person = await meetPerson(deps, user);
    const email = person?.email ?? null;
    const book = await deps.db.inWorkspace(user.workspaceId, async (tx) =>
      email === null || !(await isOwner(tx, email))
        ? null
        : {
            ...(await listBook(tx, email, ACCOUNTS_SHOWN)),
            moved: await listMoved(tx, email, WEEK_DAYS, MOVED_SHOWN),
          },
    );
    const channels = await deps.db.inWorkspace(user.workspaceId, (tx) =>
      listChannelAlerts(tx, user, CHANNELS_SHOWN),
    );
    const view = showHome({
      known: book !== null,
      accounts: (book?.companies ?? []).map(list),
      total: book?.total ?? 0,
      moved: (book?.moved ?? []).map((company) => ({
        ...list(company),
        because: explainMove(company.was, company.is),
      })),
      alerts: {
        on: person?.alerts ?? true,
        mutedUntil: untilWhen(person?.mutedUntil ?? null),
        leastMove: person?.leastMove ?? USUAL_LEAST_MOVE,
      },
      channels: channels.map(({ channelId, mutedUntil, problem, ...wishes }) => ({
        channelId,
        wishes,
        mutedUntil: untilWhen(mutedUntil),
        problem,
      })),
      ours: `${deps.publicUrl}/`,
    });
    await deps.clients
      .of(team.token)
      .call('views.publish', (api) => api.views.publish({ user_id: user.userId, view }));
  };
  return async (user: SlackUser, askedAt: number | undefined): Promise<JobResult> => {
    try {
      await show(user);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const wait = waitBriefly(error, askedAt);
      if (wait !== null) return wait;
      // The next time that they look it is made anew.
      if (!isTokenRefused(error)) deps.onError(error, 'the Home tab of somebody in Slack');
    }
    return 'done';
  };
}

/** Null: the silence is over, or there was none. */
function untilWhen(mutedUntil: Date | null): string | null {
  return mutedUntil !== null && mutedUntil.getTime() > Date.now() ? mutedUntil.toISOString() : null;
}
