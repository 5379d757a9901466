import type { TwinUser } from './call.ts';
import type { ChangeEvent, ChangeEvents } from './change-events.ts';
import type { Sent } from './cometd-messages.ts';
import type { Org } from './org.ts';
import { dataObjects } from './schema.ts';
import type { DataObject } from './schema.ts';

/** What a subscription is to, and what it missed since the id that it names; or why it is refused. */
export function judge(
  org: Org,
  events: ChangeEvents,
  user: TwinUser,
  { subscription: channel, ext }: Sent,
): { object: DataObject; channel: string; missed: ChangeEvent[] } | { error: string } {
  if (channel === undefined) return { error: '400::Channel name not specified' };
  if (!channel.startsWith('/')) return { error: "400::Channel subscriptions must start with a leading '/'" };
  const object = dataObjects.find((each) => channel === `/data/${each}ChangeEvent`);
  if (object === undefined || !events.isCaptured(object))
    return { error: `400::The channel you requested to subscribe to doesn't exist {${channel}}` };
  if (!org.permissions.mayViewAll(user, object))
    return { error: '403::User not allowed to subscribe CDC without View All Data permissions' };
  const asked = ext?.replay;
  if (asked !== undefined && !(channel in asked))
    return {
      error: `400::The replayId for channel {${channel}} wasn't found using the provided replay ID map {${JSON.stringify(asked)}}. Ensure that the channel name you provided in the replay map is valid and matches the channel name used for subscribing.`,
    };
  const from = asked?.[channel] ?? -1;
  const missed = from === -1 ? [] : from === -2 ? events.kept(object) : events.after(object, from);
  return missed === null
    ? {
        error: `400::The replayId {${from}} you provided was invalid. Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.`,
      }
    : { object, channel, missed };
}
