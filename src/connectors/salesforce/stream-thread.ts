import { parentPort, workerData } from 'node:worker_threads';
import { Connection } from 'jsforce/lib/connection.js';
import 'jsforce/lib/api/streaming.js';
import { z } from 'zod';
import { StreamOrder } from './stream-messages.ts';
import type { FromThread, Told, ToThread } from './stream-messages.ts';

// jsforce's streaming client, alone in a thread: what it throws into its own event handlers and what it leaves open ends with the
// thread (docs/decisions/0073). Nothing here tries again: whoever started the thread starts another one.

const Meta = z.looseObject({
  channel: z.string(),
  successful: z.boolean().optional(),
  error: z.string().optional(),
  subscription: z.union([z.string(), z.array(z.string())]).optional(),
  supportedConnectionTypes: z.array(z.string()).optional(),
  advice: z
    .looseObject({
      reconnect: z.string().optional(),
      interval: z.number().optional(),
      timeout: z.number().optional(),
    })
    .optional(),
  ext: z.looseObject({ sfdc: z.looseObject({ failureReason: z.string().optional() }).optional() }).optional(),
  data: z.unknown().optional(),
});
type Meta = z.infer<typeof Meta>;

const Event = z.object({ replayId: z.number() });
const Header = z.object({
  changeType: z.string(),
  recordIds: z.array(z.string()),
  changedFields: z.array(z.string()).default([]),
});

/** Faye's client, as far as it is used here: jsforce's types of it leave out half. */
type FayeClient = {
  subscribe(channel: string, listener: () => void): unknown;
  disconnect(): unknown;
  on(event: 'transport:down', listener: () => void): unknown;
};

// "If no events are generated … the connection times out after 110 seconds" (Streaming API guide, "Clients and Timeouts").
const LONGEST_POLL_MS = 110_000;

const order = StreamOrder.parse(workerData);
if (parentPort === null) throw new Error('this runs in a thread of its own');
const port = parentPort;

let over = false;
let leaving = false;
const say = (message: FromThread): void => port.postMessage(message);
const open = new Set(Object.keys(order.channels));
const refused: Record<string, string> = {};
let following = false;
let events: Told[] = [];
let goOn: (() => void) | null = null;
let telling = false;

const end = (message: FromThread): void => {
  if (over) return;
  over = true;
  // What came with the last answer was delivered, and counts.
  if (following && events.length > 0) say({ type: 'turn', events });
  say(message);
};

/** All of an answer is told in one go, whatever order its parts came in. */
const tellSoon = (): void => {
  if (telling || !following) return;
  telling = true;
  setImmediate(() => {
    telling = false;
    if (over) return;
    say({ type: 'turn', events });
    events = [];
  });
};

const settle = (channel: string): void => {
  open.delete(channel);
  if (open.size > 0 || following) return;
  following = true;
  say({ type: 'following', refused });
  if (events.length > 0 || goOn !== null) tellSoon();
};

function readEvent(channel: string, data: unknown): Told {
  const fields = z.looseObject({ event: z.unknown(), payload: z.unknown() }).safeParse(data).data;
  const replayId = Event.safeParse(fields?.event).data?.replayId ?? null;
  const payload = z.looseObject({ ChangeEventHeader: z.unknown() }).safeParse(fields?.payload).data;
  return { channel, replayId, header: Header.safeParse(payload?.ChangeEventHeader).data ?? null };
}

/** Advice as faye can bear it: it believes any number, and waits for none. */
function tame(message: Meta): Meta {
  if (message.advice === undefined) return message;
  const within = (value: number | undefined, least: number, most: number): number =>
    Math.min(Math.max(value ?? least, least), most);
  return {
    ...message,
    advice: {
      reconnect: 'retry',
      interval: within(message.advice.interval, 0, 10_000),
      timeout: within(message.advice.timeout ?? LONGEST_POLL_MS, 10_000, LONGEST_POLL_MS),
    },
  };
}

const extension = {
  outgoing: (message: Record<string, unknown>, next: (message: unknown) => void): void => {
    const { channel, subscription } = message;
    if (channel === '/meta/subscribe' && typeof subscription === 'string')
      message.ext = { replay: { [subscription]: order.channels[subscription] ?? -1 } };
    next(message);
  },
  incoming: (raw: unknown, next: (message: unknown) => void): void => {
    if (leaving && Meta.safeParse(raw).data?.channel === '/meta/disconnect') return say({ type: 'left' });
    if (over) return;
    const parsed = Meta.safeParse(raw);
    if (!parsed.success) return end({ type: 'broken', because: 'an answer that is not Bayeux' });
    const message = parsed.data;
    const { channel } = message;
    if (!channel.startsWith('/meta/')) {
      events.push(readEvent(channel, message.data));
      tellSoon();
      return;
    }
    const because = message.ext?.sfdc?.failureReason ?? message.error;
    if (channel === '/meta/subscribe') {
      const subscription = String(message.subscription);
      if (message.successful !== true) refused[subscription] = because ?? 'no reason was given';
      else next(tame(message));
      return settle(subscription);
    }
    // What ends the session comes again as the answer to the connect that waits, with the reason.
    if (channel === '/meta/disconnect') return;
    if (message.successful !== true) return end({ type: 'refused', error: because ?? 'no reason was given' });
    if (channel === '/meta/handshake' && message.supportedConnectionTypes?.includes('long-polling') !== true)
      return end({ type: 'broken', because: 'the org offers no long polling' });
    if (channel !== '/meta/connect' || !following) return next(tame(message));
    goOn = () => next(tame(message));
    tellSoon();
  },
};

const connection = new Connection({
  instanceUrl: order.instanceUrl,
  accessToken: order.accessToken,
  version: order.version,
});
const client = z
  .custom<FayeClient>(
    (made) => typeof made === 'object' && made !== null && 'disconnect' in made && 'on' in made,
  )
  .parse(connection.streaming.createClient([extension]));
client.on('transport:down', () => end({ type: 'broken', because: 'the org did not answer' }));

port.on('message', (message: ToThread) => {
  if (message === 'go') {
    const next = goOn;
    goOn = null;
    next?.();
    return;
  }
  over = true;
  leaving = true;
  client.disconnect();
});
for (const channel of Object.keys(order.channels)) client.subscribe(channel, () => undefined);
