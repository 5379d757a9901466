import type { TwinUser } from './call.ts';
import { refusal, reply } from './cometd-messages.ts';
import type { Message, Sent, StreamSettings } from './cometd-messages.ts';
import type { DataObject } from './schema.ts';

export type Client = {
  id: string;
  browser: string;
  token: string;
  user: TwinUser;
  channels: Map<DataObject, string>;
  queue: Message[];
  /** Answers the connect that waits. */
  wake: ((atOnce: boolean) => void) | null;
  connected: boolean;
  /** When it is forgotten, unless it connects before, by the twin's clock. */
  until: number;
};

/** A connect that is not answered yet. */
export type Hold = {
  /** Answers through `send` as soon as there is something to say. @returns what to call when nobody waits any more */
  wait(send: (replies: readonly Message[]) => void): () => void;
};

const DAY_MS = 86_400_000;
export type Turns = {
  /** What a connect is answered with now; null: it waits. `waited`: it has waited long enough. */
  take(client: Client, message: Sent, waited: boolean): Message[] | null;
  hold(client: Client, message: Sent): Hold;
};

/** How connects are answered: at once when there are events, else after their time. */
export function createTurns(options: {
  isKnown(client: Client): boolean;
  isLetIn(client: Client): boolean;
  forget(client: Client): void;
  now(): number;
  settings: StreamSettings;
}): Turns {
  const { isKnown, isLetIn, forget, now, settings } = options;
  let delivered: number[] = [];
  const count = (): boolean => {
    const since = now() - DAY_MS;
    if (delivered[0] !== undefined && delivered[0] < since) delivered = delivered.filter((at) => at >= since);
    if (delivered.length >= settings.deliveriesPerDay) return false;
    delivered.push(now());
    return true;
  };
  const take = (client: Client, message: Sent, waited: boolean): Message[] | null => {
    if (!isKnown(client))
      return [refusal(message, '403::Unknown client', { advice: { interval: 0, reconnect: 'none' } })];
    if (!isLetIn(client)) {
      forget(client);
      const advice = { interval: 0, reconnect: 'none' };
      return [
        { channel: '/meta/disconnect', successful: true },
        refusal(message, '401::Authentication invalid', { advice }),
      ];
    }
    if (client.queue.length === 0 && !waited) return null;
    const batch: Message[] = [];
    while (client.queue.length > 0) {
      if (!count()) {
        const advice = { interval: 0, reconnect: 'none' };
        return [
          ...batch,
          refusal(message, '403::Organization total events daily limit exceeded', { advice }),
        ];
      }
      const next = client.queue.shift();
      if (next !== undefined) batch.push(next);
    }
    client.until = now() + settings.reconnectMs;
    return [...batch, reply(message, { successful: true })];
  };

  return {
    take,
    hold: (client, message) => ({
      wait: (send) => {
        const finish = (waited: boolean): void => {
          const turn = take(client, message, waited);
          if (turn === null) return;
          stop();
          send(turn);
        };
        const timer = setTimeout(() => finish(true), settings.connectMs);
        const stop = (): void => {
          clearTimeout(timer);
          if (client.wake !== finish) return;
          client.wake = null;
          client.until = now() + settings.reconnectMs;
        };
        client.wake = finish;
        return stop;
      },
    }),
  };
}
