import type { App } from '@slack/bolt';
import { findCompany } from '../pipeline/store/companies.ts';
import { setWatch } from '../pipeline/store/slack-people.ts';
import { saySoon } from './ask.ts';
import { askerOfClick } from './asker-of.ts';
import { Clicked, companyOf } from './clicked.ts';
import type { SlackDeps } from './deps.ts';
import { ACTIONS, patternOf } from './views/actions.ts';

/** "Watch" and its opposite: who clicks hears when the company's score moves, and is told so beside the card. */
export function listenToWatches(app: App, deps: SlackDeps): void {
  for (const watched of [true, false])
    app.action(patternOf(watched ? ACTIONS.watch : ACTIONS.unwatch), async ({ ack, body }) => {
      const clicked = Clicked.parse(body);
      const asker = await askerOfClick(deps, clicked);
      const { workspaceId } = asker;
      const companyId = companyOf(clicked);
      const company = await deps.db.inWorkspace(workspaceId, (tx) => findCompany(tx, companyId));
      const name = company?.name ?? 'this company';
      const what = watched
        ? `You watch ${name}: you hear in a direct message when its score moves. The Home tab says how much it takes.`
        : `You do not watch ${name} any more.`;
      // Others may see the card: only who clicked is told.
      await saySoon(deps, { ...asker, place: 'person' }, { what, good: true }, (tx) =>
        setWatch(tx, asker, companyId, watched),
      );
      await ack();
    });
}
