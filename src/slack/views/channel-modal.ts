import type { InputBlock, PlainTextOption } from '@slack/types';
import { formatDay } from '../../pipeline/format.ts';
import type { ChannelAlerts, ChannelWishes } from '../../pipeline/store/slack-channel-alerts.ts';
import { CHANNEL_FORM, LEAST_MOVES, MUTE_HOURS } from './actions.ts';
import { plain, section } from './blocks.ts';
import { WEEKDAYS } from './channel-wishes.ts';
import { count, cutLine } from './text.ts';
import type { Modal } from './types.ts';

const { fields } = CHANNEL_FORM;

/** What a channel that hears nothing yet is offered. */
const OFFERED: Omit<ChannelWishes, 'timeZone'> = {
  reachedA: true,
  moved: true,
  leastMove: 10,
  runs: false,
  budget: false,
  cadence: 'at-once',
  weekday: 1,
  hour: 9,
};

/**
 * The form for what a channel hears.
 * @param channelId the channel that is offered; null: none
 * @param current what it hears by now; null: nothing
 */
export function showChannelModal(form: {
  channelId: string | null;
  current: ChannelAlerts | null;
  /** Where the person's hours are. */
  timeZone: string;
}): Modal {
  const { channelId, current } = form;
  const wishes: ChannelWishes = current ?? { ...OFFERED, timeZone: form.timeZone };
  const { what } = CHANNEL_FORM;
  const ticked = Object.entries(what).filter(([name]) => wishes[WISHES[name] ?? 'moved']);
  return {
    type: 'modal',
    callback_id: CHANNEL_FORM.callbackId,
    title: plain('Alerts in a channel', 24),
    submit: plain('Save', 24),
    close: plain('Cancel', 24),
    blocks: [
      ...(current === null || current.problem === null
        ? []
        : [section(`Nothing could be posted there: ${current.problem}. Saving tries again.`)]),
      input(fields.channel, 'Channel', {
        type: 'conversations_select',
        action_id: fields.channel,
        filter: { include: ['public', 'private'], exclude_external_shared_channels: true },
        ...(channelId === null ? {} : { initial_conversation: channelId }),
      }),
      {
        ...input(fields.what, 'What it hears', {
          type: 'checkboxes',
          action_id: fields.what,
          options: Object.entries(what).map(([value, words]) => option(words, value)),
          ...(ticked.length === 0
            ? {}
            : { initial_options: ticked.map(([value, words]) => option(words, value)) }),
        }),
        optional: true,
        hint: plain('Nothing ticked: the channel hears nothing any more.', 150),
      },
      input(
        fields.leastMove,
        'Least move that is told',
        menu(fields.leastMove, moveOptions(), String(wishes.leastMove)),
      ),
      input(fields.when, 'When', menu(fields.when, whenOptions(), whenOf(wishes))),
      input(fields.hour, 'Hour of a digest', menu(fields.hour, hourOptions(), String(wishes.hour))),
      {
        ...input(fields.timeZone, 'Time zone of that hour', {
          type: 'plain_text_input',
          action_id: fields.timeZone,
          initial_value: cutLine(wishes.timeZone, 60),
          max_length: 60,
        }),
        hint: plain('Such as Europe/Berlin or America/New_York.', 150),
      },
      input(fields.mute, 'Mute', menu(fields.mute, ...muteOptions(current?.mutedUntil ?? null))),
    ],
  };
}

// Which wish each tick of the form stands for.
const WISHES: Readonly<Record<string, 'reachedA' | 'moved' | 'runs' | 'budget'>> = {
  reached: 'reachedA',
  moved: 'moved',
  runs: 'runs',
  budget: 'budget',
};

function input(id: string, label: string, element: InputBlock['element']): InputBlock {
  return { type: 'input', block_id: id, label: plain(label, 150), element };
}

function menu(id: string, options: PlainTextOption[], value: string): InputBlock['element'] {
  const initial = options.find((one) => one.value === value);
  return {
    type: 'static_select',
    action_id: id,
    options,
    ...(initial === undefined ? {} : { initial_option: initial }),
  };
}

function option(words: string, value: string): PlainTextOption {
  return { text: plain(words, 75), value };
}

const moveOptions = (): PlainTextOption[] =>
  LEAST_MOVES.map((points) => option(`${points} points`, String(points)));

const hourOptions = (): PlainTextOption[] =>
  Array.from({ length: 24 }, (_, hour) => option(`${hour}:00`, String(hour)));

const whenOptions = (): PlainTextOption[] => [
  option('At once', 'at-once'),
  option('Each day', 'daily'),
  ...WEEKDAYS.map((day, index) => option(`Each ${day}`, String(index + 1))),
];

const whenOf = ({ cadence, weekday }: ChannelWishes): string =>
  cadence === 'weekly' ? String(weekday) : cadence;

function muteOptions(mutedUntil: Date | null): [PlainTextOption[], string] {
  const muted = mutedUntil !== null && mutedUntil.getTime() > Date.now();
  const asItIs = muted
    ? option(`Muted until ${formatDay(mutedUntil.toISOString())}`, 'keep')
    : option('Not muted', '0');
  return [
    [
      asItIs,
      ...(muted ? [option('Not muted any more', '0')] : []),
      ...MUTE_HOURS.map((hours) => option(`For ${count(hours / 24, 'day')}`, String(hours))),
    ],
    asItIs.value ?? '0',
  ];
}
