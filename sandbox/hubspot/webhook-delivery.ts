import { signRequest } from './sign.ts';
import type { WebhookEvent } from './webhook-events.ts';

// HubSpot waits five seconds for an answer (webhooks guide).
const ANSWER_TIMEOUT_MS = 5_000;

export type SignedDelivery = { method: 'POST'; url: string; headers: Record<string, string>; body: string };

/** A delivery as HubSpot sends it, signed by v3 over method, address, body and timestamp ("Validating requests"). */
export function signDelivery(options: {
  targetUrl: string;
  clientSecret: string;
  events: readonly unknown[];
  /** Milliseconds. */
  at: number;
}): SignedDelivery {
  const { targetUrl: url, clientSecret, at } = options;
  const body = JSON.stringify(options.events);
  return {
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'HubSpot Webhooks',
      ...signRequest({ method: 'POST', url, body, clientSecret, at }),
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
