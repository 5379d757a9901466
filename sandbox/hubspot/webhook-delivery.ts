import { createHmac } from 'node:crypto';
import type { WebhookEvent } from './webhook-events.ts';

// HubSpot waits five seconds for an answer (webhooks guide).
const ANSWER_TIMEOUT_MS = 5_000;

// The characters that are signed decoded ("Validating requests").
const DECODED = /%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;

export type SignedDelivery = { method: 'POST'; url: string; headers: Record<string, string>; body: string };

/** A delivery as HubSpot sends it, signed by v3 over method, address, body and timestamp ("Validating requests"). */
export function signDelivery(options: {
  targetUrl: string;
  clientSecret: string;
  events: readonly unknown[];
  /** Milliseconds. */
  at: number;
}): SignedDelivery {
  const { targetUrl, clientSecret, at } = options;
  const body = JSON.stringify(options.events);
  const signed = `POST${targetUrl.replace(DECODED, decodeURIComponent)}${body}${at}`;
  return {
    method: 'POST',
    url: targetUrl,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'HubSpot Webhooks',
      'x-hubspot-request-timestamp': String(at),
      'x-hubspot-signature-v3': createHmac('sha256', clientSecret).update(signed).digest('base64'),
    },
    body,
  };
}

/** Sends it. True when it was answered by a success in time; anything else HubSpot repeats. */
export async function sendDelivery(
  { url, method, headers, body }: SignedDelivery,
  reachedAt: string = url,
): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const response = await fetch(reachedAt, { method, headers, body, signal, redirect: 'manual' });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** The next attempt's events. */
export const countAttempt = (events: readonly WebhookEvent[]): WebhookEvent[] =>
  events.map((event) => ({ ...event, attemptNumber: event.attemptNumber + 1 }));
