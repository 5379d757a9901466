import { randomBytes } from 'node:crypto';
import type { TwinClock } from '../kit/clock.ts';
import { Refusal } from './call.ts';
import type { TwinUser } from './call.ts';
import type { ChangeEvent, ChangeEvents } from './change-events.ts';
import { refusal, reply } from './cometd-messages.ts';
import type { Message, Sent, StreamSettings } from './cometd-messages.ts';
import { judge } from './cometd-subscribe.ts';
import { createTurns } from './cometd-turns.ts';
import type { Client, Hold } from './cometd-turns.ts';
import type { Org } from './org.ts';
import type { Sessions } from './sessions.ts';
import { showChange } from './show-change.ts';

export type StreamListener = {
  clientId: string;
  channels: string[];
  /** A connect of it waits for events now. */
  waiting: boolean;
};

export type StreamClients = {
  handshake(message: Sent, token: string | undefined): { reply: Message; browser: string | null };
  subscribe(message: Sent, cookie: string | undefined): Message;
  unsubscribe(message: Sent, cookie: string | undefined): Message;
  disconnect(message: Sent, cookie: string | undefined): Message;
  connect(
    message: Sent,
    cookie: string | undefined,
    token: string | undefined,
  ): { hold: null; replies: Message[] } | { hold: Hold };
  /** Looks again whether those who wait are still let in. */
  revalidate(): void;
  /** Who is there, and what they listen to. */
  list(): StreamListener[];
};

const RETRY = { interval: 0, timeout: 110_000, reconnect: 'retry' };

export function createStreamClients(
  org: Org,
  sessions: Sessions,
  events: ChangeEvents,
  clock: TwinClock,
  settings: StreamSettings,
): StreamClients {
  const clients = new Map<string, Client>();
  const now = (): number => clock.now().getTime();

  const userOf = (token: string | undefined): TwinUser | null => {
    try {
      return sessions.userOf(token);
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  };
  const forget = (client: Client): void => {
    clients.delete(client.id);
    client.wake?.(true);
  };
  /** The client of a message, or the error that it gets. */
  const find = (message: Sent, cookie: string | undefined): Client | string => {
    const client = clients.get(message.clientId ?? '');
    if (message.clientId === undefined) return '403::Client has not completed handshake';
    if (client === undefined) return '403::Unknown client';
    if (client.wake === null && client.until < now()) {
      clients.delete(client.id);
      return '403::Unknown client';
    }
    if (cookie !== client.browser)
      return `400::Client ${client.id} has established a session, but no BAYEUX_BROWSER cookie present`;
    return client;
  };
  const deliver = (client: Client, event: ChangeEvent): void => {
    const channel = client.channels.get(event.object);
    if (channel === undefined || !org.permissions.mayViewAll(client.user, event.object)) return;
    client.queue.push({ channel, data: showChange(org, client.user, event) });
  };
  let waking = false;
  /** What is published in one go is delivered in one answer. */
  const wakeSoon = (): void => {
    if (waking) return;
    waking = true;
    setImmediate(() => {
      waking = false;
      for (const client of clients.values()) if (client.queue.length > 0) client.wake?.(false);
    });
  };
  events.listen((event) => {
    for (const client of clients.values()) deliver(client, event);
    wakeSoon();
  });

  const turns = createTurns({
    isKnown: ({ id }) => clients.has(id),
    isLetIn: ({ token }) => userOf(token) !== null,
    forget: ({ id }) => clients.delete(id),
    now,
    settings,
  });

  return {
    handshake: (message, token) => {
      const ext = { replay: true, 'payload.format': true };
      const deny = (failureReason: string) => ({
        reply: {
          channel: message.channel,
          id: message.id,
          ext: { ...ext, sfdc: { failureReason } },
          advice: { reconnect: 'none' },
          error: '403::Handshake denied',
          successful: false,
        },
        browser: null,
      });
      if (token === undefined) return deny('401::Request requires authentication');
      const user = userOf(token);
      if (user === null) return deny('401::Authentication invalid');
      for (const client of clients.values())
        if (client.wake === null && client.until < now()) clients.delete(client.id);
      if (clients.size >= settings.mostClients)
        return deny('403::Organization concurrent user limit exceeded');
      const client: Client = {
        id: randomBytes(14).toString('hex'),
        browser: randomBytes(8).toString('hex'),
        token,
        user,
        channels: new Map(),
        queue: [],
        wake: null,
        connected: false,
        until: now() + settings.reconnectMs,
      };
      clients.set(client.id, client);
      return {
        reply: {
          ext,
          minimumVersion: '1.0',
          version: '1.0',
          clientId: client.id,
          supportedConnectionTypes: ['long-polling'],
          channel: message.channel,
          id: message.id,
          successful: true,
        },
        browser: client.browser,
      };
    },
    subscribe: (message, cookie) => {
      const about = { subscription: message.subscription };
      const client = find(message, cookie);
      if (typeof client === 'string') return refusal(message, client, about);
      const judged = judge(org, events, client.user, message);
      if ('error' in judged) return refusal(message, judged.error, about);
      const { object, channel, missed } = judged;
      client.channels.set(object, channel);
      for (const event of missed) deliver(client, event);
      wakeSoon();
      return reply(message, { ...about, successful: true });
    },
    unsubscribe: (message, cookie) => {
      const client = find(message, cookie);
      const about = { subscription: message.subscription };
      if (typeof client === 'string') return refusal(message, client, about);
      for (const [object, channel] of client.channels)
        if (channel === message.subscription) client.channels.delete(object);
      return reply(message, { ...about, successful: true });
    },
    disconnect: (message, cookie) => {
      const client = find(message, cookie);
      if (typeof client === 'string') return refusal(message, client);
      forget(client);
      return reply(message, { successful: true });
    },
    connect: (message, cookie, token) => {
      const client = find(message, cookie);
      if (typeof client === 'string') {
        const advice = { interval: 0, reconnect: client.includes('Unknown client') ? 'handshake' : 'none' };
        return { hold: null, replies: [refusal(message, client, { advice })] };
      }
      if (message.connectionType !== 'long-polling')
        return {
          hold: null,
          replies: [refusal(message, `400::Invalid connection type ${message.connectionType ?? ''}`)],
        };
      if (token !== undefined) client.token = token;
      sessions.extend(client.token);
      // One connect at a time: an older one is answered with what there is.
      client.wake?.(true);
      const first = !client.connected;
      client.connected = true;
      const atOnce = first || message.advice?.timeout === 0;
      const ready = turns.take(client, message, atOnce);
      if (ready !== null) {
        const advise = (each: Message): Message =>
          first && each.successful === true && each.channel === message.channel
            ? { ...each, advice: RETRY }
            : each;
        return { hold: null, replies: ready.map(advise) };
      }
      return { hold: turns.hold(client, message) };
    },
    revalidate: () => {
      for (const client of clients.values()) client.wake?.(false);
    },
    list: () =>
      [...clients.values()].map(({ id, channels, wake }) => ({
        clientId: id,
        channels: [...channels.values()],
        waiting: wake !== null,
      })),
  };
}
