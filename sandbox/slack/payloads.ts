import { randomUUID } from 'node:crypto';
import type { Packet } from './deliveries.ts';
import type { Message } from './events.ts';
import { showMessage } from './messages.ts';
import { showView } from './methods-views.ts';
import type { OpenView } from './modals.ts';
import { makeResponseUrl } from './response-urls.ts';
import type { Slack } from './slack.ts';
import { APP_ID } from './team.ts';
import type { Channel, Person, Team } from './team.ts';

/** Who did something. */
export type Actor = { team: Team; person: Person };

const VERIFICATION_TOKEN = 'sandbox-verification-token';

/** What stands in every interaction ("Interaction payloads"). */
function common({ team, person }: Actor): Record<string, unknown> {
  return {
    user: { id: person.id, username: person.name, name: person.name, team_id: person.from ?? team.id },
    api_app_id: APP_ID,
    token: VERIFICATION_TOKEN,
    team: { id: team.id, domain: team.domain },
    enterprise: null,
    is_enterprise_install: false,
  };
}

const channelName = ({ kind, name }: Channel): string =>
  kind === 'im' ? 'directmessage' : kind === 'private' ? 'privategroup' : name;

const seconds = (): string => (Date.now() / 1000).toFixed(6);

/** A slash command, typed in a channel. */
export function packCommand(
  slack: Slack,
  { team, person }: Actor,
  at: { channel: Channel; command: string; text: string },
): Packet {
  const from = { team: team.id, channel: at.channel.id, user: person.id, ts: null };
  return {
    type: 'slash_commands',
    about: at.command,
    payload: {
      token: VERIFICATION_TOKEN,
      team_id: team.id,
      team_domain: team.domain,
      channel_id: at.channel.id,
      channel_name: channelName(at.channel),
      user_id: person.id,
      user_name: person.name,
      command: at.command,
      text: at.text,
      api_app_id: APP_ID,
      is_enterprise_install: 'false',
      response_url: makeResponseUrl(slack, from),
      trigger_id: slack.triggers.make({ team: team.id, user: person.id, viewId: null }),
    },
  };
}

/** Something done to an element of a message. */
export function packMessageAction(
  slack: Slack,
  actor: Actor,
  at: {
    message: Message;
    channel: Channel;
    action: Record<string, unknown>;
    values: Record<string, unknown>;
  },
): Packet {
  const { message, channel } = at;
  const from = { team: actor.team.id, channel: channel.id, user: actor.person.id, ts: message.ts };
  return {
    type: 'interactive',
    about: 'block_actions',
    payload: {
      type: 'block_actions',
      ...common(actor),
      container: {
        type: 'message',
        message_ts: message.ts,
        channel_id: channel.id,
        is_ephemeral: message.onlyFor !== null,
        ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
      },
      trigger_id: slack.triggers.make({ team: actor.team.id, user: actor.person.id, viewId: null }),
      channel: { id: channel.id, name: channelName(channel) },
      // Slack doesn't hand out what an ephemeral message holds.
      ...(message.onlyFor === null ? { message: showMessage(slack, message, { withMetadata: true }) } : {}),
      state: { values: at.values },
      response_url: makeResponseUrl(slack, from),
      actions: [{ ...at.action, action_ts: seconds() }],
    },
  };
}

/** A view as payloads show it. */
export type ShownView = Omit<OpenView, 'team' | 'user'>;

/** Something done to an element of a modal or of the app's Home. */
export function packViewAction(
  slack: Slack,
  actor: Actor,
  at: { view: ShownView; action: Record<string, unknown>; values: Record<string, unknown> },
): Packet {
  const { view } = at;
  return {
    type: 'interactive',
    about: 'block_actions',
    payload: {
      type: 'block_actions',
      ...common(actor),
      container: { type: 'view', view_id: view.id },
      trigger_id: slack.triggers.make({
        team: actor.team.id,
        user: actor.person.id,
        viewId: view.view.type === 'modal' ? view.id : null,
      }),
      view: showView(actor.team, view, at.values),
      actions: [{ ...at.action, action_ts: seconds() }],
    },
  };
}

/** A modal that was submitted or closed. */
export function packView(
  slack: Slack,
  actor: Actor,
  at: { type: 'view_submission' | 'view_closed'; view: OpenView; values: Record<string, unknown> },
): Packet {
  const trigger = { team: actor.team.id, user: actor.person.id, viewId: at.view.id };
  return {
    type: 'interactive',
    about: at.type,
    payload: {
      type: at.type,
      ...common(actor),
      // Of a view `team` is the person's, and app_installed_team_id says whose app it is (slackapi/bolt-js#1614).
      team: { id: actor.person.from ?? actor.team.id, domain: actor.team.domain },
      view: showView(actor.team, at.view, at.values),
      ...(at.type === 'view_submission'
        ? { trigger_id: slack.triggers.make(trigger), response_urls: [] }
        : { is_cleared: false }),
    },
  };
}

/** A shortcut: of a message, or from anywhere where there is none. */
export function packShortcut(
  slack: Slack,
  actor: Actor,
  at: { callbackId: string; message: Message | null; channel: Channel | null },
): Packet {
  const { team, person } = actor;
  const trigger = slack.triggers.make({ team: team.id, user: person.id, viewId: null });
  const { message, channel } = at;
  const base = { ...common(actor), callback_id: at.callbackId, trigger_id: trigger, action_ts: seconds() };
  if (message === null || channel === null)
    return { type: 'interactive', about: 'shortcut', payload: { type: 'shortcut', ...base } };
  const from = { team: team.id, channel: channel.id, user: person.id, ts: message.ts };
  return {
    type: 'interactive',
    about: 'message_action',
    payload: {
      type: 'message_action',
      ...base,
      message_ts: message.ts,
      channel: { id: channel.id, name: channelName(channel) },
      message: showMessage(slack, message),
      response_url: makeResponseUrl(slack, from),
    },
  };
}

/** What a person typed into a menu whose options the app makes up. */
export function packSuggestion(
  actor: Actor,
  at: {
    element: Record<string, unknown>;
    blockId: string;
    value: string;
    container: Record<string, unknown>;
  },
): Packet {
  return {
    type: 'interactive',
    about: 'block_suggestion',
    payload: {
      type: 'block_suggestion',
      ...common(actor),
      ...at.container,
      action_id: at.element.action_id,
      block_id: at.blockId,
      value: at.value,
    },
  };
}

/** An event, in the envelope of the Events API. Each has its own event_id; one that comes again keeps it. */
export function packEvent(
  team: Team,
  event: Record<string, unknown> & { type: string },
  /** The other organisation of the channel in which it happened, whose workspace the envelope may name (slackapi/bolt-js#935). */
  sharedWith?: string,
): Packet {
  return {
    type: 'events_api',
    about: event.type,
    payload: {
      token: VERIFICATION_TOKEN,
      team_id: sharedWith ?? team.id,
      context_team_id: team.id,
      api_app_id: APP_ID,
      event: { event_ts: seconds(), ...event },
      type: 'event_callback',
      event_id: `Ev${randomUUID().replaceAll('-', '').slice(0, 10).toUpperCase()}`,
      event_time: Math.floor(Date.now() / 1000),
      is_ext_shared_channel: sharedWith !== undefined,
      authorizations: [
        {
          enterprise_id: null,
          team_id: team.id,
          user_id: team.botUser,
          is_bot: true,
          is_enterprise_install: false,
        },
      ],
    },
  };
}
