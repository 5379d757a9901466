import type { App } from '@slack/bolt';
import type { ReplyForm } from '../pipeline/store/slack-replies.ts';
import { answerSoon } from './ask.ts';
import { askerOfClick } from './asker-of.ts';
import { Clicked, companyOf, templateOf } from './clicked.ts';
import type { SlackDeps } from './deps.ts';
import { ACTIONS, patternOf } from './views/actions.ts';
import type { Action } from './views/actions.ts';

// What each button answers with, in the place of the message that it stands in.
const ANSWERS: readonly { action: Action; form: ReplyForm; refresh?: boolean }[] = [
  { action: ACTIONS.chooseForScore, form: 'card' },
  { action: ACTIONS.chooseForPitch, form: 'pitch' },
  { action: ACTIONS.pitch, form: 'pitch' },
  { action: ACTIONS.showCard, form: 'card' },
  { action: ACTIONS.refresh, form: 'card', refresh: true },
];

const BESIDE: ReadonlySet<Action> = new Set([ACTIONS.showCard, ACTIONS.pitch]);

// Slack tells of clicks on links, too.
const LINKS: readonly Action[] = [ACTIONS.openSalesforce, ACTIONS.openHubspot, ACTIONS.openPage];

/** The buttons that ask for a company. */
export function listenToActions(app: App, deps: SlackDeps): void {
  for (const { action, form, refresh = false } of ANSWERS)
    app.action(patternOf(action), async ({ ack, body }) => {
      const clicked = Clicked.parse(body);
      const asker = await askerOfClick(deps, clicked);
      const template = templateOf(clicked);
      // A company of a list gets its card beside the list, and a card its pitch.
      const place = BESIDE.has(action) ? 'person' : asker.place;
      await answerSoon(
        deps,
        { ...asker, place },
        {
          asked: [{ companyId: companyOf(clicked) }],
          form,
          refresh,
          template: template === null ? null : { words: template, sure: true },
        },
      );
      await ack();
    });
  for (const action of LINKS) app.action(patternOf(action), async ({ ack }) => ack());
}
