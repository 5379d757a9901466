import { findOwnChannel } from './actors.ts';
import { openIm, showChannel } from './channels.ts';
import { composeText } from './composer.ts';
import type { Delivery } from './deliveries.ts';
import type { Message } from './events.ts';
import { showMessage, writeMessage } from './messages.ts';
import { showView } from './methods-views.ts';
import { checkView } from './blocks-view.ts';
import { packEvent } from './payloads.ts';
import type { Actor } from './payloads.ts';
import { findReferences } from './references.ts';
import type { Slack } from './slack.ts';
import type { Channel, Person, Team } from './team.ts';

/** A person writes a message. The app hears of it where it is called, in its direct messages, and of links of its domains. */
export async function say(
  slack: Slack,
  actor: Actor,
  at: { channel: string; text: string; threadTs?: string | undefined },
): Promise<{ ts: string; deliveries: Delivery[] }> {
  const { team, person } = actor;
  const channel = findOwnChannel(slack, actor, at.channel);
  const message = writeMessage(slack, {
    team,
    channel: channel.id,
    author: person.id,
    content: {
      text: composeText(team, at.text),
      blocks: undefined,
      metadata: null,
      unfurlLinks: true,
      unfurlMedia: true,
    },
    threadTs: at.threadTs ?? null,
  });
  const deliveries: Delivery[] = [];
  for (const event of readEvents(slack, actor, channel, message))
    deliveries.push(await slack.events.send(packEvent(team, event, otherOf(channel, person))));
  return { ts: message.ts, deliveries };
}

function readEvents(
  slack: Slack,
  { team, person }: Actor,
  channel: Channel,
  message: Message,
): (Record<string, unknown> & { type: string })[] {
  const events: (Record<string, unknown> & { type: string })[] = [];
  const shown = { ...showMessage(slack, message), channel: channel.id };
  // Events come with the scope that they are of (docs.slack.dev, each event's page).
  const may = (scope: string): boolean =>
    slack.state
      .tokens()
      .some(({ team: of, state, scopes }) => of === team.id && state === 'active' && scopes.includes(scope));
  const isCalled = channel.members.has(team.botUser) && message.mentions.includes(`@${team.botUser}`);
  if (channel.kind === 'im' && may('im:history'))
    events.push({ ...shown, type: 'message', channel_type: 'im' });
  if (channel.kind !== 'im' && isCalled && may('app_mentions:read'))
    events.push({ ...shown, type: 'app_mention' });
  const domains = slack.settings().unfurlDomains;
  const links = findReferences(message.text).links.flatMap((url) => {
    const { hostname } = URL.canParse(url) ? new URL(url) : { hostname: '' };
    const domain = domains.find((each) => hostname === each || hostname.endsWith(`.${each}`));
    return domain === undefined ? [] : [{ url, domain }];
  });
  if (links.length > 0)
    events.push({
      type: 'link_shared',
      user: person.id,
      channel: channel.id,
      message_ts: message.ts,
      is_bot_user_member: channel.members.has(team.botUser),
      unfurl_id: `${channel.id}/${message.ts}`,
      source: 'conversations_history',
      links,
      ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    });
  return events;
}

/** A person opens the app's Home. */
export async function openHome(slack: Slack, { team, person }: Actor): Promise<Delivery> {
  const held = slack.state.home(team.id, person.id);
  const checked = held === undefined ? null : checkView(held.view, 'home');
  const view =
    held === undefined || checked === null || 'error' in checked
      ? {}
      : { view: showView(team, { ...held, view: checked.view, rootId: held.id, previousId: null }) };
  const channel = openIm(slack, team, person.id).id;
  return slack.events.send(
    packEvent(team, { type: 'app_home_opened', user: person.id, channel, tab: 'home', ...view }, person.from),
  );
}

/** An administrator removes the app: its token is dead, and it is told. */
export async function uninstall(slack: Slack, team: Team): Promise<Delivery[]> {
  for (const { token, team: of, state } of slack.state.tokens())
    if (of === team.id && state === 'active')
      slack.state.commit({ kind: 'ended', token, how: 'uninstalled' });
  return [
    await slack.events.send(
      packEvent(team, { type: 'tokens_revoked', tokens: { oauth: [], bot: [team.botUser] } }),
    ),
    await slack.events.send(packEvent(team, { type: 'app_uninstalled' })),
  ];
}

/** The app is invited into a channel, or removed from it. */
export function moveApp(slack: Slack, team: Team, channel: Channel, kind: 'joined' | 'left'): unknown {
  slack.state.commit({ kind, team: team.id, channel: channel.id, user: team.botUser });
  return showChannel(team, channel);
}

/** Another organisation is invited into a channel, or its people are in it from now on; the app is told where its scopes let it know. */
export async function share(
  slack: Slack,
  team: Team,
  channel: Channel,
  { with: other, pending }: { with: Team; pending: boolean },
): Promise<unknown> {
  slack.state.commit({ kind: 'shared', team: team.id, channel: channel.id, with: other.id, pending });
  const scope = channel.kind === 'private' ? 'groups:read' : 'channels:read';
  const isTold = channel.members.has(team.botUser) && slack.state.installed(team.id)?.scopes.includes(scope);
  if (!pending && isTold === true)
    await slack.events.send(
      packEvent(team, { type: 'channel_shared', connected_team_id: other.id, channel: channel.id }, other.id),
    );
  return showChannel(team, channel);
}

/** The other organisation of a shared channel, or of the person. */
const otherOf = (channel: Channel, person: Person): string | undefined =>
  channel.shared?.pending === false ? channel.shared.with : person.from;

/** Somebody archives a channel: nobody can write into it any more. */
export function archive(slack: Slack, team: Team, channel: Channel): unknown {
  slack.state.commit({ kind: 'archived', team: team.id, channel: channel.id });
  return showChannel(team, channel);
}
