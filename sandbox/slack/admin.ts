import { z } from 'zod';
import { actOnMessage, actOnView, closeView, typeCommand, typeIntoMenu, useShortcut } from './acts.ts';
import { findActor, findOwnChannel, findTeam, mayRead } from './actors.ts';
import { findChannel } from './channels.ts';
import { archive, moveApp, openHome, say, share, uninstall } from './happenings.ts';
import { showMessage } from './messages.ts';
import { DeliverySettings } from './settings.ts';
import type { Slack } from './slack.ts';
import { submitView } from './submissions.ts';

const who = { as: z.string(), team: z.string().optional() };
const choice = z
  .union([z.string(), z.array(z.string())])
  .nullable()
  .default(null);
const values = z.record(z.string(), z.union([z.string(), z.array(z.string())]).nullable()).default({});
const element = { action_id: z.string(), block_id: z.string().optional() };
const place = { channel: z.string(), ts: z.string().optional() };

/**
 * What POST /_twin/edit takes. `as` is a person (full name, handle, address), `channel` a name or id, or `app` for their
 * direct messages with the app, `ts` a message (unset: the app's last one with blocks).
 */
const Edit = z.discriminatedUnion('operation', [
  z.strictObject({ operation: z.literal('command'), ...who, channel: z.string(), text: z.string() }),
  /** Uses a button or menu of a message; `choice` is the option's value, or several. */
  z.strictObject({ operation: z.literal('click'), ...who, ...place, ...element, choice }),
  /** The same in the modal on top, or in the person's Home where no modal is open. */
  z.strictObject({ operation: z.literal('click in view'), ...who, ...element, choice, values }),
  /** Submits the modal on top. */
  z.strictObject({ operation: z.literal('submit'), ...who, values }),
  z.strictObject({ operation: z.literal('close'), ...who }),
  z.strictObject({
    operation: z.literal('shortcut'),
    ...who,
    callback_id: z.string(),
    channel: z.string().optional(),
    ts: z.string().optional(),
  }),
  z.strictObject({
    operation: z.literal('suggest'),
    ...who,
    ...element,
    channel: z.string().optional(),
    ts: z.string().optional(),
    text: z.string(),
  }),
  z.strictObject({
    operation: z.literal('say'),
    ...who,
    channel: z.string(),
    text: z.string().min(1),
    thread_ts: z.string().optional(),
  }),
  z.strictObject({ operation: z.literal('open home'), ...who }),
  /** What a person sees in a channel, oldest first. */
  z.strictObject({ operation: z.literal('read'), ...who, channel: z.string() }),
  z.strictObject({
    operation: z.enum(['invite', 'remove', 'archive']),
    team: z.string().optional(),
    channel: z.string(),
  }),
  /** Shares a channel with another workspace, whose people are in it from then on; `pending`: it was only invited. */
  z.strictObject({
    operation: z.literal('share'),
    team: z.string().optional(),
    channel: z.string(),
    with: z.string(),
    pending: z.boolean().default(false),
  }),
  z.strictObject({ operation: z.literal('uninstall'), team: z.string().optional() }),
  z.strictObject({ operation: z.literal('revoke'), token: z.string() }),
  /** Tells the sockets to connect anew. */
  z.strictObject({
    operation: z.literal('disconnect'),
    reason: z.enum(['refresh_requested', 'warning', 'link_disabled']).default('refresh_requested'),
  }),
  /** Sets DeliverySettings; those that are not named stay. */
  z.strictObject({ operation: z.literal('configure'), settings: z.record(z.string(), z.unknown()) }),
]);

/** Acts as a person or an administrator. @throws Error that says what is wrong */
export async function act(
  slack: Slack,
  body: unknown,
  configure: (settings: DeliverySettings) => void,
): Promise<unknown> {
  const parsed = Edit.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not understood'}`);
  }
  const edit = parsed.data;
  switch (edit.operation) {
    case 'configure': {
      const settings = DeliverySettings.parse({ ...slack.settings(), ...edit.settings });
      configure(settings);
      return settings;
    }
    case 'invite':
    case 'remove':
    case 'archive': {
      const team = findTeam(slack, edit.team);
      const channel = findChannel(slack, team, edit.channel);
      if (channel === undefined) throw new Error(`no channel "${edit.channel}"`);
      if (edit.operation === 'archive') return archive(slack, team, channel);
      return moveApp(slack, team, channel, edit.operation === 'invite' ? 'joined' : 'left');
    }
    case 'share': {
      const team = findTeam(slack, edit.team);
      const channel = findChannel(slack, team, edit.channel);
      if (channel === undefined) throw new Error(`no channel "${edit.channel}"`);
      return share(slack, team, channel, { with: findTeam(slack, edit.with), pending: edit.pending });
    }
    case 'uninstall':
      return uninstall(slack, findTeam(slack, edit.team));
    case 'disconnect':
      return slack.sockets.disconnect(edit.reason);
    case 'revoke':
      if (slack.state.token(edit.token) === undefined) throw new Error('no such token');
      return slack.state.commit({ kind: 'ended', token: edit.token, how: 'revoked' });
  }
  const actor = findActor(slack, edit);
  switch (edit.operation) {
    case 'command':
      return typeCommand(slack, actor, edit);
    case 'click':
      return actOnMessage(slack, actor, { ...edit, actionId: edit.action_id, blockId: edit.block_id });
    case 'click in view':
      return actOnView(slack, actor, { ...edit, actionId: edit.action_id, blockId: edit.block_id });
    case 'submit':
      return submitView(slack, actor, edit.values);
    case 'close':
      return closeView(slack, actor);
    case 'shortcut':
      return useShortcut(slack, actor, { ...edit, callbackId: edit.callback_id });
    case 'suggest':
      return typeIntoMenu(slack, actor, { ...edit, actionId: edit.action_id, blockId: edit.block_id });
    case 'say':
      return say(slack, actor, { ...edit, threadTs: edit.thread_ts });
    case 'open home':
      return openHome(slack, actor);
    case 'read': {
      const channel = findOwnChannel(slack, actor, edit.channel);
      const messages = slack.state.messages(actor.team.id, channel.id);
      return {
        messages: messages.filter((one) => mayRead(one, actor)).map((one) => showMessage(slack, one)),
      };
    }
  }
}

/** The whole state: workspaces, tokens, messages (deleted ones too), Homes, files without their bytes, deliveries. */
export function dumpSlack(slack: Slack): Record<string, unknown> {
  const { state } = slack;
  return {
    teams: state.teams.map((team) => ({
      id: team.id,
      name: team.name,
      botUser: team.botUser,
      people: [...team.people.values()],
      channels: [...team.channels.values()].map((channel) => ({
        ...channel,
        members: [...channel.members],
        messages: state.messages(team.id, channel.id),
      })),
      homes: [...team.people.keys()].flatMap((user) => state.home(team.id, user) ?? []),
      modals: [...team.people.keys()].flatMap((user) => slack.modals.top(team.id, user) ?? []),
    })),
    tokens: state.tokens(),
    files: state
      .files()
      .map(({ base64, ...file }) => ({ ...file, size: Buffer.byteLength(base64, 'base64') })),
    deliveries: slack.deliveries.list(),
    settings: slack.settings(),
    sockets: slack.sockets.count(),
  };
}
