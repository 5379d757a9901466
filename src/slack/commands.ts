import type { App } from '@slack/bolt';
import type { ReplyForm } from '../pipeline/store/slack-replies.ts';
import { answerAtOnce, explain } from './ask.ts';
import { askerOf } from './asker-of.ts';
import { openChannelForm } from './channel-alerts.ts';
import type { SlackDeps } from './deps.ts';
import { readCommand } from './read-command.ts';
import { showHelp } from './views/help.ts';
import { showProblem } from './views/problem.ts';
import type { Message } from './views/types.ts';

/** The commands, and what each answers with. */
const COMMANDS: Readonly<Record<string, ReplyForm>> = {
  '/score': 'card',
  '/compare': 'comparison',
  '/pitch': 'pitch',
};

/** `/score`, `/compare` and `/pitch`: what is stored comes in the reply to Slack, the rest by a job. */
export function listenToCommands(app: App, deps: SlackDeps): void {
  for (const [name, form] of Object.entries(COMMANDS))
    app.command(name, async ({ ack, body }) => {
      const said = await answer(deps, body, form).catch((error: unknown) => {
        const explained = explain(error);
        if (explained !== null) return onlyHere(explained);
        deps.onError(error, `Slack's ${name}`);
        return onlyHere(
          showProblem({ what: 'Fieldnote could not look this up just now', fix: 'Try again in a moment.' }),
        );
      });
      // Slack shows nothing for an empty answer: the same request was answered before.
      if (said === null) await ack();
      else await ack({ response_type: said.everyone ? 'in_channel' : 'ephemeral', ...said.message });
    });
}

type Said = { message: Message; everyone: boolean };

const onlyHere = (message: Message): Said => ({ message, everyone: false });

async function answer(
  deps: SlackDeps,
  body: { text: string } & Parameters<typeof askerOf>[1],
  form: ReplyForm,
): Promise<Said | null> {
  const command = readCommand(form, body.text);
  if (command.kind === 'alerts') {
    const { team_id: teamId, user_id: userId, channel_id: channelId, trigger_id: triggerId } = body;
    // A direct message is no channel to choose.
    await openChannelForm(deps, {
      teamId,
      userId,
      triggerId,
      channelId: /^[CG]/.test(channelId) ? channelId : null,
    });
    return null;
  }
  const { question, template } = command;
  if (question.kind === 'help') return onlyHere(showHelp());
  if (question.kind === 'unclear') return onlyHere(showProblem(question));
  const asker = await askerOf(deps, body, { place: 'channel' });
  return answerAtOnce(deps, asker, { asked: question.asked, form: command.form, template });
}
