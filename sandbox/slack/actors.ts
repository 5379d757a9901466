import { findChannel } from './channels.ts';
import type { Message } from './events.ts';
import type { Actor } from './payloads.ts';
import type { Slack } from './slack.ts';
import { SLACKBOT } from './team.ts';
import type { Channel, Team } from './team.ts';

/** A workspace by id, name or domain; the first one unless told. Throws where there is none. */
export function findTeam(slack: Slack, named: string | undefined): Team {
  const found =
    named === undefined
      ? slack.state.teams[0]
      : slack.state.teams.find((team) => [team.id, team.name, team.domain].includes(named));
  if (found === undefined) throw new Error(`no workspace "${named}"`);
  return found;
}

/** A person by full name (`rep:` may stand before it), handle, id or e-mail address. Throws where there is none. */
export function findActor(slack: Slack, named: { as: string; team?: string | undefined }): Actor {
  const team = findTeam(slack, named.team);
  const name = named.as.replace(/^rep:/, '');
  const person = [...team.people.values()].find(
    ({ id, name: handle, realName, email, isBot }) => !isBot && [id, handle, realName, email].includes(name),
  );
  if (person === undefined) throw new Error(`nobody is called "${name}" in ${team.name}`);
  return { team, person };
}

/** A channel that the person is in; `app` names their direct messages with the app. Throws where there is none. */
export function findOwnChannel(slack: Slack, { team, person }: Actor, named: string): Channel {
  const channel = findChannel(slack, team, named === 'app' ? person.id : named);
  if (channel === undefined || !channel.members.has(person.id))
    throw new Error(`${person.realName} is in no channel "${named}"`);
  return channel;
}

/** True when the person sees the message. */
export const mayRead = (message: Message, { person }: Actor): boolean =>
  !message.deleted && (message.onlyFor === null || message.onlyFor === person.id);

/** A message that the person sees; the last one of the app when no ts is given. Throws where there is none. */
export function findOwnMessage(
  slack: Slack,
  actor: Actor,
  channel: Channel,
  ts: string | undefined,
): Message {
  const messages = slack.state
    .messages(actor.team.id, channel.id)
    .filter((message) => mayRead(message, actor));
  const found =
    ts === undefined
      ? messages.findLast(({ author, blocks }) => author === actor.team.botUser && blocks.length > 0)
      : messages.find((message) => message.ts === ts);
  if (found === undefined)
    throw new Error(`${actor.person.realName} sees no such message in ${channel.name}`);
  return found;
}

/** Slackbot tells one person what went wrong. */
export function tell(slack: Slack, actor: Actor, channel: Channel, text: string): void {
  slack.state.commit({
    kind: 'message',
    message: {
      team: actor.team.id,
      channel: channel.id,
      ts: slack.state.nextTs(),
      author: SLACKBOT,
      text,
      blocks: [],
      threadTs: null,
      onlyFor: actor.person.id,
      metadata: null,
      files: [],
      mentions: [],
      unfurled: [],
      unfurls: [],
      edited: null,
      deleted: false,
    },
  });
}
