import { z } from 'zod';
import { SlackRefusal } from './answers.ts';
import { findOwnChannel, findOwnMessage, tell } from './actors.ts';
import type { Delivery } from './deliveries.ts';
import { describeChoice, describeValues, findElement } from './elements.ts';
import type { Choice } from './elements.ts';
import { checkView } from './blocks-view.ts';
import {
  packCommand,
  packMessageAction,
  packShortcut,
  packSuggestion,
  packView,
  packViewAction,
} from './payloads.ts';
import type { Actor, ShownView } from './payloads.ts';
import { answerAsApp } from './response-urls.ts';
import { showMessage } from './messages.ts';
import { showView } from './methods-views.ts';
import type { Slack } from './slack.ts';

type Values = Readonly<Record<string, Choice>>;

const Answer = z.union([z.string(), z.record(z.string(), z.unknown())]).nullable();

/** A person types a command. What the app acknowledges with is its first answer. */
export async function typeCommand(
  slack: Slack,
  actor: Actor,
  at: { channel: string; text: string },
): Promise<Delivery> {
  const channel = findOwnChannel(slack, actor, at.channel);
  if (actor.person.from !== undefined)
    throw new Error('Slack offers people the commands of their own workspace alone');
  const [, command = '', text = ''] = /^(\/\S+)\s*([^]*)$/.exec(at.text.trim()) ?? [];
  if (command === '') throw new Error('a command begins with a slash');
  const fail = (reason: string): void =>
    tell(slack, actor, channel, `${command} failed with the error "${reason}"`);
  const delivery = await slack.deliveries.send(packCommand(slack, actor, { channel, command, text }));
  if (delivery.error !== null) fail(delivery.error);
  else {
    const answer = Answer.safeParse(delivery.answer).data ?? null;
    const args = typeof answer === 'string' ? { text: answer } : answer;
    if (args === null || Object.keys(args).length === 0) return delivery;
    try {
      answerAsApp(slack, { team: actor.team.id, channel: channel.id, user: actor.person.id }, args);
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
      fail('invalid_command_response');
      return { ...delivery, answer: { refused: error.error, ...error.more } };
    }
  }
  return delivery;
}

/** A person uses an element of a message. */
export async function actOnMessage(
  slack: Slack,
  actor: Actor,
  at: {
    channel: string;
    ts?: string | undefined;
    actionId: string;
    blockId?: string | undefined;
    choice: Choice;
  },
): Promise<Delivery> {
  const channel = findOwnChannel(slack, actor, at.channel);
  const message = findOwnMessage(slack, actor, channel, at.ts);
  const { element, blockId } = findElement(message.blocks, at);
  const action = { action_id: at.actionId, block_id: blockId, ...describeChoice(element, at.choice) };
  const values = describeValues(message.blocks, {});
  const delivery = await slack.deliveries.send(
    packMessageAction(slack, actor, { message, channel, action, values }),
  );
  if (delivery.error !== null)
    tell(slack, actor, channel, `Fieldnote did not answer to that (${delivery.error}).`);
  return delivery;
}

/** The modal that a person has open, or else their Home of the app. Throws where there is neither. */
function findOwnView(slack: Slack, { team, person }: Actor): ShownView {
  const modal = slack.modals.top(team.id, person.id);
  if (modal !== undefined) return modal;
  const home = slack.state.home(team.id, person.id);
  if (home === undefined) throw new Error(`${person.realName} has no view open`);
  const checked = checkView(home.view, 'home');
  if ('error' in checked) throw new Error('the stored Home is no view');
  return { ...home, view: checked.view, rootId: home.id, previousId: null };
}

/** A person uses an element of the modal on top, or of their Home. */
export async function actOnView(
  slack: Slack,
  actor: Actor,
  at: { actionId: string; blockId?: string | undefined; choice: Choice; values: Values },
): Promise<Delivery> {
  const view = findOwnView(slack, actor);
  const { blocks } = view.view;
  const { element, blockId } = findElement(blocks, at);
  const action = { action_id: at.actionId, block_id: blockId, ...describeChoice(element, at.choice) };
  const chosen = at.choice === null ? at.values : { ...at.values, [`${blockId}.${at.actionId}`]: at.choice };
  const values = describeValues(blocks, chosen);
  return slack.deliveries.send(packViewAction(slack, actor, { view, action, values }));
}

/** What a person types into a menu of the app's own options; `answer` holds what the app offers. */
export async function typeIntoMenu(
  slack: Slack,
  actor: Actor,
  at: {
    channel?: string | undefined;
    ts?: string | undefined;
    actionId: string;
    blockId?: string | undefined;
    text: string;
  },
): Promise<Delivery> {
  if (at.channel === undefined) {
    const view = findOwnView(slack, actor);
    const { element, blockId } = findElement(view.view.blocks, at);
    const container = {
      container: { type: 'view', view_id: view.id },
      view: showView(actor.team, view),
    };
    return slack.deliveries.send(packSuggestion(actor, { element, blockId, value: at.text, container }));
  }
  const channel = findOwnChannel(slack, actor, at.channel);
  const message = findOwnMessage(slack, actor, channel, at.ts);
  const { element, blockId } = findElement(message.blocks, at);
  const container = {
    container: { type: 'message', message_ts: message.ts, channel_id: channel.id },
    channel: { id: channel.id, name: channel.name },
    message: showMessage(slack, message),
  };
  return slack.deliveries.send(packSuggestion(actor, { element, blockId, value: at.text, container }));
}

/** A person uses a shortcut, of a message where one is named. */
export async function useShortcut(
  slack: Slack,
  actor: Actor,
  at: { callbackId: string; channel?: string | undefined; ts?: string | undefined },
): Promise<Delivery> {
  const channel = at.channel === undefined ? null : findOwnChannel(slack, actor, at.channel);
  const message = channel === null ? null : findOwnMessage(slack, actor, channel, at.ts);
  const { callbackId } = at;
  const delivery = await slack.deliveries.send(packShortcut(slack, actor, { callbackId, channel, message }));
  if (delivery.error !== null && channel !== null)
    tell(slack, actor, channel, `Fieldnote did not answer to that shortcut (${delivery.error}).`);
  return delivery;
}

/** Closes the modal on top; the app hears of it where the view asks for that. */
export async function closeView(slack: Slack, actor: Actor): Promise<Delivery | null> {
  const view = slack.modals.top(actor.team.id, actor.person.id);
  if (view === undefined) throw new Error(`${actor.person.realName} has no modal open`);
  slack.modals.close(actor.team.id, actor.person.id, false);
  if (view.view.type !== 'modal' || view.view.notify_on_close !== true) return null;
  const values = describeValues(view.view.blocks, {});
  return slack.deliveries.send(packView(slack, actor, { type: 'view_closed', view, values }));
}
