import { formatDay } from '../../pipeline/format.ts';
import type { ChannelWishes } from '../../pipeline/store/slack-channel-alerts.ts';
import { ACTIONS } from './actions.ts';
import { actions, button, header, line, list, rich, section, text } from './blocks.ts';
import { cutLine } from './text.ts';
import type { Message } from './types.ts';

/** ISO: the first is Monday. */
export const WEEKDAYS = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
] as const;

/** What a channel hears, a line each. */
export function listWishes(wishes: ChannelWishes): string[] {
  return [
    ...(wishes.reachedA ? ['accounts that reach band A'] : []),
    ...(wishes.moved ? [`accounts that move by ${wishes.leastMove} points or more`] : []),
    ...(wishes.runs ? ['runs that end or stop'] : []),
    ...(wishes.budget ? ['80 % and all of the month’s budget spent'] : []),
  ];
}

/** "at once", "each day at 9:00 (Europe/Berlin)". */
export function describeCadence({ cadence, weekday, hour, timeZone }: ChannelWishes): string {
  if (cadence === 'at-once') return 'at once, a message a minute at the most';
  const day = cadence === 'daily' ? 'each day' : `each ${WEEKDAYS[weekday - 1] ?? 'Monday'}`;
  return `${day} at ${hour}:00 (${cutLine(timeZone, 60)}), where there is something to tell`;
}

/**
 * What a channel hears from now on: everybody in it can see and change that.
 * @param mutedUntil ISO time; null: not muted
 */
export function showWishes(
  wishes: ChannelWishes,
  { channelId, mutedUntil }: { channelId: string; mutedUntil: string | null },
): Message {
  const what = listWishes(wishes);
  const when = describeCadence(wishes);
  return {
    text: `Alerts in this channel: ${what.join(', ')}; ${when}`,
    blocks: [
      header('Alerts in this channel'),
      rich(...list(what.map((one) => line(text(one))))),
      section(`Told ${when}${describeMute(mutedUntil)}.`),
      actions([button('Change', ACTIONS.channelAlerts, { value: channelId })]),
    ],
  };
}

/** ", muted until 3 Dec 2026 (UTC)"; "" where it is not. */
export function describeMute(mutedUntil: string | null): string {
  return mutedUntil === null ? '' : `, muted until ${cutLine(formatDay(mutedUntil), 30)} (UTC)`;
}
