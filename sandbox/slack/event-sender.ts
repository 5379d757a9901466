import type { Delivery, Deliveries, Packet } from './deliveries.ts';
import type { DeliverySettings } from './settings.ts';

export type EventSender = {
  /** Sends an event; resolves with the first attempt. The others follow by themselves. */
  send(packet: Packet): Promise<Delivery>;
  /** Gives up on what would still come again. */
  close(): void;
};

const reasonOf = ({ error, status }: Delivery): string =>
  error === 'operation_timeout' ? 'http_timeout' : status === null ? 'connection_failed' : 'http_error';

/** Sends events, and again those that were not acknowledged ("Events API", Error handling: up to three times). */
export function createEventSender(deliveries: Deliveries, settings: () => DeliverySettings): EventSender {
  const timers = new Set<NodeJS.Timeout>();
  let closed = false;
  const plan = (packet: Packet, failed: Delivery): void => {
    const attempt = failed.retryNum;
    const delay = settings().retryAfterMs[attempt];
    if (failed.error === null || delay === undefined || closed) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      const retry = { num: attempt + 1, reason: reasonOf(failed) };
      void deliveries.send({ ...packet, retry }).then((again) => plan(packet, again));
    }, delay);
    timers.add(timer);
  };
  return {
    send: async (packet) => {
      const first = await deliveries.send(packet);
      plan(packet, first);
      return first;
    },
    close: () => {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
