import type { App } from '@slack/bolt';
import { z } from 'zod';
import { answerSoon, saySoon } from './ask.ts';
import { askerOf } from './asker-of.ts';
import type { SlackDeps } from './deps.ts';
import { findDomains } from './question.ts';
import { SHORTCUTS } from './views/actions.ts';

const MessageAction = z.object({
  trigger_id: z.string(),
  response_url: z.string(),
  team: z.object({ id: z.string() }),
  user: z.object({ id: z.string() }),
  channel: z.object({ id: z.string() }),
  message: z.object({ text: z.string().default(''), blocks: z.unknown().optional() }),
});

/** "Score the company in this message": only who asks sees the answer. */
export function listenToShortcuts(app: App, deps: SlackDeps): void {
  app.shortcut({ callback_id: SHORTCUTS.scoreMessage, type: 'message_action' }, async ({ ack, body }) => {
    const { team, user, channel, message, ...sent } = MessageAction.parse(body);
    const asker = await askerOf(
      deps,
      { ...sent, team_id: team.id, user_id: user.id, channel_id: channel.id },
      { place: 'person' },
    );
    const asked = findDomains(message.text).map((domain) => ({ domain }));
    if (asked.length > 0)
      await answerSoon(deps, asker, { asked, form: asked.length === 1 ? 'card' : 'comparison' });
    else
      await saySoon(deps, asker, {
        what: 'No company’s web or e-mail address is in this message',
        fix: 'Ask for the company by its name or domain: /score acme.com',
      });
    await ack();
  });
}
