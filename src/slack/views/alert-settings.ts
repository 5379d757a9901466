import { ACTIONS, NO_CHANNEL } from './actions.ts';
import { actions, button, line, paragraph, rich, text } from './blocks.ts';
import type { Message } from './types.ts';

/** Where one sets what one is told. `channelId`: the channel in which somebody asked; null: in a direct message. */
export function showAlertSettings(channelId: string | null): Message {
  return {
    text: 'Alerts: what this app tells by itself',
    blocks: [
      rich(
        paragraph([
          line(text('What this app tells by itself', 'bold')),
          line(text('A channel: accounts that move, runs and the budget, at once or as a digest.')),
          line(text('You alone: the Home tab of this app says from how many points on, and mutes it.')),
        ]),
      ),
      actions([
        button(channelId === null ? 'Alerts in a channel' : 'Alerts in this channel', ACTIONS.channelAlerts, {
          value: channelId ?? NO_CHANNEL,
        }),
      ]),
    ],
  };
}
