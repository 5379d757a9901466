import { SlackRefusal } from './answers.ts';
import type { ApiCall, Slack } from './slack.ts';
import { SLACKBOT, imOf } from './team.ts';
import type { Channel, Team } from './team.ts';

/** The direct messages of a person and the app; opened when first asked for. */
export function openIm(slack: Slack, team: Team, user: string): Channel {
  const id = imOf(team, user);
  if (!team.channels.has(id)) slack.state.commit({ kind: 'opened', team: team.id, user });
  const channel = team.channels.get(id);
  if (channel === undefined) throw new Error(`no direct messages with ${user}`);
  return channel;
}

/** A channel by its id, a person's id (their direct messages) or its name, with or without "#". */
export function findChannel(slack: Slack, team: Team, named: string): Channel | undefined {
  const person = team.people.get(named);
  if (person !== undefined && person.id !== SLACKBOT) return openIm(slack, team, named);
  const name = named.replace(/^#/, '');
  return team.channels.get(named) ?? [...team.channels.values()].find((channel) => channel.name === name);
}

/** A channel that the app may know of. @throws SlackRefusal channel_not_found */
export function needChannel(slack: Slack, { team }: ApiCall, named: string): Channel {
  const channel = findChannel(slack, team, named);
  // A private channel does not exist for who is not in it.
  if (channel === undefined || (channel.kind === 'private' && !channel.members.has(team.botUser)))
    throw new SlackRefusal('channel_not_found');
  return channel;
}

/** A channel that the app is in. @throws SlackRefusal channel_not_found, not_in_channel */
export function needJoined(slack: Slack, call: ApiCall, named: string): Channel {
  const channel = needChannel(slack, call, named);
  if (!channel.members.has(call.team.botUser)) throw new SlackRefusal('not_in_channel');
  return channel;
}

const SCOPES = { public: 'channels', private: 'groups', im: 'im' };

/** @throws SlackRefusal missing_scope unless the token may read or write that kind of conversation */
export function needChannelScope(
  call: ApiCall,
  channel: Channel,
  access: 'read' | 'history' | 'write',
): void {
  const needed = `${SCOPES[channel.kind]}:${access}`;
  if (call.token.scopes.includes(needed)) return;
  throw new SlackRefusal('missing_scope', { needed, provided: call.token.scopes.join(',') });
}

/** A conversation in the form of the Web API. */
export function showChannel(team: Team, channel: Channel): Record<string, unknown> {
  const { id, kind, members } = channel;
  const isIm = kind === 'im';
  return {
    id,
    is_channel: kind === 'public',
    is_group: kind === 'private',
    is_im: isIm,
    is_private: kind !== 'public',
    is_archived: channel.archived,
    is_member: members.has(team.botUser),
    context_team_id: team.id,
    is_shared: channel.shared?.pending === false,
    is_ext_shared: channel.shared?.pending === false,
    is_org_shared: false,
    is_pending_ext_shared: channel.shared?.pending === true,
    ...(isIm
      ? { user: [...members].find((member) => member !== team.botUser) }
      : { name: channel.name, name_normalized: channel.name, num_members: members.size }),
  };
}
