import type { App } from '@slack/bolt';
import { z } from 'zod';
import { answerSoon, helpSoon, saySoon } from './ask.ts';
import type { Asker } from './asker.ts';
import { teamOf } from './asker-of.ts';
import type { SlackDeps } from './deps.ts';
import { findNamed } from './resolve-names.ts';
import { NOT_FOR_STRANGERS, isStranger } from './strangers.ts';
import { readTyped } from './typed-question.ts';

const Written = z.object({
  event_id: z.string(),
  event: z.object({
    channel: z.string(),
    channel_type: z.string().optional(),
    text: z.string().default(''),
    ts: z.string(),
    thread_ts: z.string().optional(),
    user: z.string().optional(),
    // Whose the person is, in channels that Slack workspaces share.
    team: z.string().optional(),
    user_team: z.string().optional(),
    bot_id: z.string().optional(),
    subtype: z.string().optional(),
    edited: z.unknown().optional(),
  }),
});
type Written = z.infer<typeof Written>;

// What a person writes has none of the others: those tell of changes, of other apps and of who came and went.
const WRITTEN_BY_PEOPLE: readonly (string | undefined)[] = [undefined, 'file_share', 'thread_broadcast'];

/**
 * What people type to the app, as a direct message or by mentioning it in a channel: answered like the commands, a mention in its thread.
 * What names no company is answered in direct messages alone, with how to ask.
 */
export function listenToTyped(app: App, deps: SlackDeps): void {
  app.event('app_mention', async ({ body, context }) =>
    answer(deps, Written.parse(body), { how: 'mention', teamId: context.teamId ?? '' }),
  );
  app.event('message', async ({ body, context }) => {
    const written = Written.safeParse(body);
    // Events of other shapes, such as a deleted message, are none that a person wrote.
    if (written.success && written.data.event.channel_type === 'im')
      await answer(deps, written.data, { how: 'direct', teamId: context.teamId ?? '' });
  });
}

async function answer(
  deps: SlackDeps,
  { event_id: requestKey, event }: Written,
  { how, ...at }: { how: 'mention' | 'direct'; teamId: string },
): Promise<void> {
  const { user: userId } = event;
  if (userId === undefined || !isByPerson(event)) return;
  const typed = readTyped(event.text, deps.publicUrl);
  if (typed.kind === 'links' || (typed.kind === 'talk' && how === 'mention')) return;
  const team = await teamOf(deps, at.teamId);
  const { workspaceId, teamId } = team;
  const asker: Asker = {
    workspaceId,
    teamId,
    channelId: event.channel,
    userId,
    responseUrl: null,
    place: 'channel',
    threadTs: event.thread_ts ?? (how === 'mention' ? event.ts : null),
    requestKey,
  };
  if (await isStranger(deps, team, { userId, teamId: event.user_team ?? event.team }))
    return saySoon(deps, asker, NOT_FOR_STRANGERS);
  if (typed.kind === 'talk') return helpSoon(deps, asker);
  if (typed.kind === 'alerts') return helpSoon(deps, asker, 'alerts');
  if (typed.kind === 'name') {
    const { name } = typed;
    const { exact } = await deps.db.inWorkspace(workspaceId, (tx) => findNamed(tx, name));
    if (exact > 0) return answerSoon(deps, asker, { asked: [{ name }], form: 'card' });
    return how === 'direct' ? helpSoon(deps, asker) : undefined;
  }
  const { question, form, template } = typed;
  if (question.kind === 'help') return helpSoon(deps, asker);
  if (question.kind === 'companies')
    return answerSoon(deps, asker, { asked: question.asked, form, template });
  const { what, fix } = question;
  return saySoon(deps, asker, { what, fix });
}

/** Written just now by a person: by no app, and no change of what was written before. */
function isByPerson({ bot_id: bot, subtype, edited }: Written['event']): boolean {
  return bot === undefined && edited === undefined && WRITTEN_BY_PEOPLE.includes(subtype);
}
