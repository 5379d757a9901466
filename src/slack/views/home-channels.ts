import type { KnownBlock, RichTextElement } from '@slack/types';
import { ACTIONS, NO_CHANNEL } from './actions.ts';
import { actions, button, header, line, rich, section, text } from './blocks.ts';
import { describeCadence, describeMute, listWishes } from './channel-wishes.ts';
import { cutLine } from './text.ts';
import type { ChannelListed } from './types.ts';

const CHANNELS_SHOWN = 10;

/** The part of the Home tab about channels: what those hear that the person set, and what keeps it from them. */
export function showChannels(channels: readonly ChannelListed[]): KnownBlock[] {
  return [
    header('Alerts in channels'),
    ...(channels.length === 0
      ? [section('You set none. A channel can hear of accounts that move, of runs and of the budget.')]
      : []),
    ...channels.slice(0, CHANNELS_SHOWN).flatMap(showChannel),
    actions([button('Alerts in a channel', ACTIONS.channelAlerts, { value: NO_CHANNEL })]),
  ];
}

function showChannel(
  { channelId, wishes, mutedUntil, problem }: ChannelListed,
  number: number,
): KnownBlock[] {
  // Slack shows its name, and to those who may not know it none.
  const channel: RichTextElement = { type: 'channel', channel_id: channelId };
  const hears = `${listWishes(wishes).join(', ')}; ${describeCadence(wishes)}${describeMute(mutedUntil)}`;
  const trouble = `Nothing can be posted there: ${cutLine(problem ?? '', 200)}. Invite the app (/invite @Fieldnote) or choose another channel, then save the alerts again.`;
  return [
    rich(line(channel, text(`  ${hears}`))),
    ...(problem === null ? [] : [section(trouble)]),
    actions([button('Change', ACTIONS.channelAlerts, { value: channelId, number })]),
  ];
}
